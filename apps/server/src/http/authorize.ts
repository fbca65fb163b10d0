import type { Principal as HttpPrincipal } from "@pawl/http";
import type { Principal, Principals } from "../principals/principals.ts";
import { OPERATOR } from "../tokens/token.ts";

/** The principal of a request, and the token that it came with: what it opens ends with the token. */
export interface RequestPrincipal extends HttpPrincipal {
  readonly token: string;
}

/** The token of a request's header; undefined when there is none that could be one. */
export function bearerToken(request: Request): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,1024})$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

export function createAuthorize(
  principals: Principals,
): (request: Request) => Promise<RequestPrincipal | null> {
  return async (request) => {
    const token = bearerToken(request);
    if (token === undefined) return null;
    const found = await principals.authenticate(token);
    return found === undefined ? null : { ...httpPrincipal(found), token };
  };
}

function httpPrincipal({ principal, tenant, scopes }: Principal): HttpPrincipal {
  return {
    name: principal,
    ...(tenant !== undefined && { tenant }),
    ...(scopes !== undefined && { scopes }),
    ...(principal === OPERATOR && tenant === undefined && { operator: true }),
  };
}
