/** Somebody who has shown a token that is valid now. */
export interface Principal {
  /** What belongs to somebody belongs to this name. */
  readonly principal: string;
  readonly tenant?: string;
  /** What the token may be used for; everything that its principal may do when absent. */
  readonly scopes?: readonly string[];
  /** Milliseconds since the epoch. What was opened with the token may not outlive it. */
  readonly expiresAt?: number;
}

/** Who presents a token. Everything that asks who somebody is asks here: HTTP, ARCP, the approval pages. */
export interface Principals {
  /** Undefined for a token that is unknown, revoked or expired; which of them it is, nobody is told. */
  authenticate(token: string): Promise<Principal | undefined>;
}

/** Asks one after the other; the first that knows the token answers. */
export function firstOf(...all: readonly Principals[]): Principals {
  return {
    async authenticate(token) {
      for (const principals of all) {
        const known = await principals.authenticate(token);
        if (known !== undefined) return known;
      }
      return undefined;
    },
  };
}
