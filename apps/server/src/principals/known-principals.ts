import { fixedPrincipals } from "./fixed-principals.ts";
import type { PrincipalToken } from "./parse-principal.ts";
import type { Principals } from "./principals.ts";

/** The token of the data folder is the operator's. */
export function knownPrincipals(token: string, others: readonly PrincipalToken[]): Principals {
  return fixedPrincipals([
    [token, { principal: "operator" }],
    ...others.map(({ principal, token: own }) => [own, { principal }] as const),
  ]);
}
