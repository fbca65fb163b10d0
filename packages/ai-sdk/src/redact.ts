// Shapes of credentials that providers are known to echo: prefixed keys, bearer tokens, keys in a query, passwords in
// a URL, JSON web tokens.
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/\b(?:(?:sk|pk|rk|gsk|xai|pplx|hf|r8|key)[-_]|AIza|ya29\.|AKIA|ASIA)[A-Za-z0-9_*.-]{12,}/g, "[redacted]"],
  [/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, "[redacted]"],
  [/\b(bearer|basic)\s+[^\s"',]+/gi, "$1 [redacted]"],
  [/([?&](?:key|api[-_]?key|token|access_token)=)[^&\s"']+/gi, "$1[redacted]"],
  [/\/\/[^/\s:@"']+:[^/\s@"']+@/g, "//[redacted]@"],
];

/** Longest text that is looked through, in UTF-16 code units: error pages can be long, and only their beginning is shown. */
const MAX_LENGTH = 65_536;

/** The text without the given secrets and without anything that looks like one. */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text.slice(0, MAX_LENGTH);
  for (const secret of secrets) if (secret.length >= 4) clean = clean.replaceAll(secret, "[redacted]");
  for (const [shape, replacement] of SHAPES) clean = clean.replace(shape, replacement);
  return clean;
}
