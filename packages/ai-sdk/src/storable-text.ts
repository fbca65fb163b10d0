// What a provider sends ends up in journals: a NUL or half of a surrogate pair would be refused there, when the
// answer is already paid for. So both are replaced at the edge.
const NUL = "\u0000";
const REPLACEMENT = "\uFFFD";

export function storableText(text: string): string {
  return text.toWellFormed().replaceAll(NUL, REPLACEMENT);
}

/** At most `length` UTF-16 code units, then an ellipsis. */
export function boundedText(text: string, length: number): string {
  return storableText(text.length <= length ? text : `${text.slice(0, length)}…`);
}

/** Whether every string in a parsed JSON value can be stored as it is, and every number is one that JSON can write. */
export function isStorable(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed() && !value.includes(NUL);
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  if (Array.isArray(value)) return value.every(isStorable);
  return Object.entries(value).every(([key, item]) => isStorable(key) && isStorable(item));
}

/** Text that comes in pieces: a surrogate pair that was cut in two is passed on whole, with the second piece. */
export function wholeCharacters(emit: (text: string) => void): (piece: string) => void {
  let held = "";
  return (piece) => {
    const text = held + piece;
    const cut = /[\uD800-\uDBFF]$/.test(text);
    held = cut ? text.slice(-1) : "";
    const whole = storableText(cut ? text.slice(0, -1) : text);
    if (whole !== "") emit(whole);
  };
}
