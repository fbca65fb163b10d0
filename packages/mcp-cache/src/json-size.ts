/**
 * About how many bytes a value takes as JSON, or `undefined` as soon as it is more than `limit`: an oversized list is
 * noticed without being written out. Strings count their UTF-16 length, which is what they cost in memory at least.
 */
export function jsonSizeWithin(value: unknown, limit: number): number | undefined {
  let size = 0;
  // A stack of our own: a list nested thousands deep must not overflow that of the process.
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === "string") size += next.length + 2;
    else if (Array.isArray(next)) {
      size += next.length + 2;
      for (const item of next) open.push(item);
    } else if (typeof next === "object" && next !== null) {
      size += 2;
      for (const key of Object.keys(next)) {
        size += key.length + 4;
        open.push((next as Record<string, unknown>)[key]);
      }
    } else size += 5;
    if (size > limit) return undefined;
  }
  return size;
}
