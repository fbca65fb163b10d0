import type { ErasedSession } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { numberColumn } from "./column.ts";

export function erasedSessionOfRow(row: Row): ErasedSession {
  return {
    erasedAt: numberColumn(row, "erased_at_ms", "An erased session"),
    chain: row.chain as ErasedSession["chain"],
    complete: row.complete === true,
  };
}
