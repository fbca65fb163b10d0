import type { Tokens } from "@pawl/core/ports";
import type { StoreContext } from "./context.ts";
import { conflict } from "./errors.ts";
import { tokenOfRow } from "./rows/token-row.ts";
import { createToken } from "./statements/create-token.ts";
import { findToken } from "./statements/find-token.ts";
import { listTokens } from "./statements/list-tokens.ts";
import { loadToken } from "./statements/load-token.ts";
import { revokeToken } from "./statements/revoke-token.ts";
import { storableText } from "./storable.ts";

export function postgresTokens({ database }: StoreContext): Tokens {
  return {
    async create({ tokenId, digest, principal, tenant, scopes, ttlMs }) {
      const what = "The token";
      const values = [
        storableText(tokenId, what),
        storableText(digest, what),
        storableText(principal, what),
        tenant === undefined ? null : storableText(tenant, what),
        scopes === undefined ? null : scopes.map((scope) => storableText(scope, what)),
        ttlMs ?? null,
      ];
      const [made] = await database.write(createToken, values);
      if (made !== undefined) return tokenOfRow(made);
      const [known] = await database.read(loadToken, [tokenId]);
      // An earlier attempt of ours whose answer was lost.
      if (known?.digest === digest) return tokenOfRow(known);
      throw conflict(`Token "${tokenId}" is there already: make a new one.`);
    },
    async find(digest) {
      const [row] = await database.read(findToken, [storableText(digest, "The digest of a token")]);
      return row === undefined ? null : tokenOfRow(row);
    },
    async list({ limit }) {
      return (await database.read(listTokens, [Math.max(0, limit)])).map(tokenOfRow);
    },
    async revoke(tokenId) {
      const [row] = await database.write(revokeToken, [storableText(tokenId, "The id of a token")]);
      return row === undefined ? null : tokenOfRow(row);
    },
  };
}
