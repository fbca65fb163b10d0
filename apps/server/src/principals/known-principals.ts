import type { Tokens } from "@pawl/core/ports";
import { OPERATOR } from "../tokens/token.ts";
import { fixedPrincipals } from "./fixed-principals.ts";
import type { PrincipalToken } from "./parse-principal.ts";
import { firstOf, type Principals } from "./principals.ts";
import { storedPrincipals } from "./stored-principals.ts";

/** The token of the data folder is the operator's; the others were given at the start, for tests, or are in the store. */
export function knownPrincipals(
  token: string,
  others: readonly PrincipalToken[],
  tokens: Tokens,
): Principals {
  const fixed = fixedPrincipals([
    ...others.map(({ principal, token: own }) => [own, { principal }] as const),
    [token, { principal: OPERATOR }],
  ]);
  return firstOf(fixed, storedPrincipals({ tokens, now: Date.now }));
}
