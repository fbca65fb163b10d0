/** Text of JSON that no store keeps: U+0000 and lone surrogates, as `JSON.stringify` writes them. */
const SUSPECT = /\\u0000|\\ud[89a-f]/;

/**
 * A value that every store can keep: U+0000 and lone surrogates, which models and tools do send, become U+FFFD. Anything else
 * is as it was, and the same object when there was nothing to change.
 */
export function storable<T>(value: T): T {
  return SUSPECT.test(JSON.stringify(value)) ? (mended(value) as T) : value;
}

function mended(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed().replaceAll("\u0000", "\ufffd");
  if (Array.isArray(value)) return value.map(mended);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [mended(key), mended(member)]));
}
