import type { TokenRecord } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { corruptRow } from "../errors.ts";
import { nullableNumber, nullableText, numberColumn, textColumn } from "./column.ts";

export function tokenOfRow(row: Row): TokenRecord {
  const tokenId = textColumn(row, "token_id", "A token");
  const where = `Token "${tokenId}"`;
  const tenant = nullableText(row, "tenant", where);
  const { scopes } = row;
  if (scopes !== null && !(Array.isArray(scopes) && scopes.every((scope) => typeof scope === "string"))) {
    throw corruptRow(where, "scopes is not a list of texts");
  }
  return {
    tokenId,
    principal: textColumn(row, "principal", where),
    ...(tenant !== null && { tenant }),
    ...(scopes !== null && { scopes: scopes as string[] }),
    createdAt: numberColumn(row, "created_at_ms", where),
    expiresAt: nullableNumber(row, "expires_at_ms", where),
    revokedAt: nullableNumber(row, "revoked_at_ms", where),
  };
}
