import type { TokenRecord, Tokens } from "@pawl/core/ports";
import type { MemoryContext } from "./context.ts";
import { conflict } from "./errors.ts";
import { frozenCopy } from "./frozen-copy.ts";
import type { Sections } from "./sections.ts";

export function tokenSections({ state, now }: MemoryContext): Sections<Tokens> {
  return {
    create(given) {
      const { tokenId, digest, ttlMs, principal, tenant, scopes } = given;
      const known = state.tokens.get(tokenId);
      if (known !== undefined && known.digest === digest) return known.record;
      const taken = [...state.tokens.values()].some((token) => token.digest === digest);
      if (known !== undefined || taken)
        throw conflict(`Token "${tokenId}" is there already: make a new one.`);
      const createdAt = now();
      const record: TokenRecord = frozenCopy(
        {
          tokenId,
          principal,
          ...(tenant !== undefined && { tenant }),
          ...(scopes !== undefined && { scopes }),
          createdAt,
          expiresAt: ttlMs === undefined ? null : createdAt + ttlMs,
          revokedAt: null,
        },
        "The token",
      );
      state.tokens.set(tokenId, { digest, record });
      return record;
    },

    find(digest) {
      for (const { digest: known, record } of state.tokens.values()) {
        if (known !== digest) continue;
        const expired = record.expiresAt !== null && record.expiresAt <= now();
        return expired || record.revokedAt !== null ? null : record;
      }
      return null;
    },

    list({ limit }) {
      const newestFirst = [...state.tokens.values()].reverse();
      return newestFirst.slice(0, Math.max(0, limit)).map(({ record }) => record);
    },

    revoke(tokenId) {
      const token = state.tokens.get(tokenId);
      if (token === undefined) return null;
      const { digest, record } = token;
      if (record.revokedAt !== null) return record;
      const revoked = Object.freeze({ ...record, revokedAt: now() });
      state.tokens.set(tokenId, { digest, record: revoked });
      return revoked;
    },
  };
}
