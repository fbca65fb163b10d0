/** What looks like a way in, wherever it stands in a text. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\bpawl_[A-Za-z0-9_-]{20,}/g, "(hidden)"],
  [/\b(Bearer|Basic) +[\x21-\x7e]+/gi, "$1 (hidden)"],
  // The rest of an approval's link is its key.
  [/\/a\/[A-Za-z0-9_.~%-]{8,}/g, "/a/(hidden)"],
  [/\b((?:postgres(?:ql)?|https?|wss?):\/\/[^\s:@/]+):[^\s@/]+@/gi, "$1:(hidden)@"],
  [/\b(sk-[A-Za-z0-9_-]{4})[A-Za-z0-9_-]{12,}/g, "$1(hidden)"],
];

/** Names under which secrets travel. */
const NAMES = /^(?:.*(?:token|secret|password|authorization|cookie|api_?key)|databaseurl)$/i;

const MAX_DEPTH = 6;

/** The text without what looks like a way in. */
export function scrubText(text: string): string {
  return SECRETS.reduce((left, [pattern, by]) => left.replace(pattern, by), text);
}

/** A copy of facts without secrets: by their names, and by what they look like. */
export function scrubFacts(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return scrubText(value);
  if (value instanceof Error) return scrubText(value.stack ?? value.message);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return "(too deep)";
  if (Array.isArray(value)) return value.map((entry) => scrubFacts(entry, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [
      name,
      // Counts of tokens are no secrets.
      NAMES.test(name) && typeof entry !== "number" ? "(hidden)" : scrubFacts(entry, depth + 1),
    ]),
  );
}
