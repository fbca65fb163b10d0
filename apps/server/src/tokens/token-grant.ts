import { sessionPrefix } from "@pawl/core";
import type { TokenGrant } from "@pawl/core/ports";
import { serverError } from "../errors.ts";
import { parseLifetime } from "./parse-lifetime.ts";
import { OPERATOR, SCOPES } from "./token.ts";

/** What somebody who makes a token says of it, as text. */
export interface TokenRequest {
  /** Absent: the operator. */
  readonly principal?: string;
  readonly tenant?: string;
  /** Each one or several with commas; absent: everything that the principal may do. */
  readonly scopes?: readonly string[];
  /** Such as `30d`; absent: until it is revoked. */
  readonly expires?: string;
}

/** @throws PawlError `token_request_invalid`, `invalid_principal` */
export function readTokenRequest(request: TokenRequest): TokenGrant & { readonly ttlMs?: number } {
  const { principal = OPERATOR, tenant, expires } = request;
  if (tenant !== undefined && request.principal === undefined) {
    throw invalid("A tenant has principals: say with --principal which one the token is for.");
  }
  const owner = { principal, ...(tenant !== undefined && { tenant }) };
  sessionPrefix(owner);
  const ttlMs = expires === undefined ? undefined : parseLifetime(expires);
  if (expires !== undefined && ttlMs === undefined) {
    throw invalid(
      `--expires must be a time such as 12h, 30d or 8w, at most ten years, not "${expires.slice(0, 40)}".`,
    );
  }
  const scopes = request.scopes === undefined ? undefined : readScopes(request.scopes);
  return { ...owner, ...(scopes !== undefined && { scopes }), ...(ttlMs !== undefined && { ttlMs }) };
}

function readScopes(given: readonly string[]): readonly string[] {
  const scopes = [...new Set(given.flatMap((text) => text.split(",")).map((text) => text.trim()))];
  const known: ReadonlySet<string> = new Set(SCOPES);
  const unknown = scopes.find((scope) => !known.has(scope));
  if (unknown === undefined) return scopes;
  throw invalid(`There is no scope "${unknown.slice(0, 40)}". The scopes are ${SCOPES.join(", ")}.`);
}

function invalid(message: string) {
  return serverError("token_request_invalid", message);
}
