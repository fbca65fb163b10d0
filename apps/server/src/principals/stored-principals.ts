import type { TokenRecord, Tokens } from "@pawl/core/ports";
import { looksLikeToken, tokenDigest } from "../tokens/token.ts";
import type { Principal, Principals } from "./principals.ts";

export interface StoredPrincipalsOptions {
  readonly tokens: Tokens;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long a token that was found is believed in without asking again. Default 5 000. */
  readonly believeMs?: number;
}

/** A token that was revoked on another node is refused here after this time at the latest. */
export const BELIEVE_MS = 5_000;

const MOST_KNOWN = 10_000;

/** Principals by the tokens of the store, revoked and expired on every node within `believeMs`. */
export function storedPrincipals({
  tokens,
  now,
  believeMs = BELIEVE_MS,
}: StoredPrincipalsOptions): Principals {
  const known = new Map<string, { readonly principal: Principal; readonly until: number }>();
  const asked = new Map<string, Promise<TokenRecord | null>>();

  /** One question for all who come with the same token at once. */
  function find(digest: string): Promise<TokenRecord | null> {
    const before = asked.get(digest);
    if (before !== undefined) return before;
    const answer = tokens.find(digest).finally(() => asked.delete(digest));
    asked.set(digest, answer);
    return answer;
  }

  return {
    async authenticate(token) {
      if (!looksLikeToken(token)) return undefined;
      const digest = tokenDigest(token);
      const at = now();
      const believed = known.get(digest);
      if (believed !== undefined && at < believed.until) return believed.principal;
      known.delete(digest);
      const record = await find(digest);
      if (record === null) return undefined;
      const { principal, tenant, scopes, expiresAt } = record;
      const found: Principal = {
        principal,
        ...(tenant !== undefined && { tenant }),
        ...(scopes !== undefined && { scopes }),
        ...(expiresAt !== null && { expiresAt }),
      };
      const oldest = known.size < MOST_KNOWN ? undefined : known.keys().next().value;
      if (oldest !== undefined) known.delete(oldest);
      known.set(digest, { principal: found, until: Math.min(at + believeMs, expiresAt ?? Infinity) });
      return found;
    },
  };
}
