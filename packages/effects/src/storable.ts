/** Text of JSON that no store keeps: U+0000 and lone surrogates, as `JSON.stringify` writes them. */
const SUSPECT = /\\u0000|\\ud[89a-f]/;

/**
 * A value that every store can keep: U+0000 and lone surrogates, which models and tools do send, become U+FFFD. Anything else
 * is as it was, and the same object when there was nothing to change.
 */
export function storable<T>(value: T): T {
  return storableWithSize(value).value;
}

/** As `storable`, with the length of its JSON in UTF-16 code units. */
export function storableWithSize<T>(value: T): { readonly value: T; readonly chars: number } {
  const json = JSON.stringify(value);
  if (!SUSPECT.test(json)) return { value, chars: json.length };
  const kept = mended(value) as T;
  return { value: kept, chars: JSON.stringify(kept).length };
}

function mended(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed().replaceAll("\u0000", "\ufffd");
  if (Array.isArray(value)) return value.map(mended);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [mended(key), mended(member)]));
}
