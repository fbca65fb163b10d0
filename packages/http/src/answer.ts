import { httpError, type ShownError } from "./errors.ts";

/** On every answer: it belongs to one principal, is data and never a page, and says nothing to other origins. */
export const SECURITY_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { ...SECURITY_HEADERS, "content-type": "application/json; charset=utf-8", ...headers },
  });
}

export function errorAnswer({ status, code, message, retryAfterMs }: ShownError): Response {
  const headers: Record<string, string> = {
    ...(status === 401 && { "www-authenticate": "Bearer" }),
    ...(retryAfterMs !== undefined && {
      "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))),
    }),
  };
  return jsonAnswer(status, { error: { code, message } }, headers);
}

export function methodNotAllowed(method: string, allowed: readonly string[]): Response {
  const { message } = httpError(
    "method_not_allowed",
    `${method} is not possible here. Use ${allowed.join(" or ")}.`,
  );
  return jsonAnswer(405, { error: { code: "method_not_allowed", message } }, { allow: allowed.join(", ") });
}
