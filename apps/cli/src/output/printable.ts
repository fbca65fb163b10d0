/**
 * Text that others wrote, for a terminal: line breaks and tabs stay, everything else that would steer it goes. Bidirectional
 * controls go too, for they make text read as what it is not.
 */
export function printable(text: string): string {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/(?![\n\t])[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "");
}

/** In one line and at most `max` characters. */
export function oneLine(text: string, max: number): string {
  const line = printable(text).replace(/\s+/g, " ").trim();
  return line.length <= max ? line : `${line.slice(0, max - 1)}…`;
}
