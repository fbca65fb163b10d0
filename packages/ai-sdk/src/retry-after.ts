/** Response headers with lower-case names. */
export type Headers = Readonly<Record<string, string | undefined>>;

/**
 * How long the provider asks to wait, in milliseconds: `retry-after-ms`, else `retry-after` (RFC 9110 §10.2.3) in
 * seconds or as a date. A date is taken relative to the response's own `date`, so that no clock of ours is read.
 */
export function retryAfterMs(headers: Headers | undefined): number | undefined {
  const ms = duration(headers?.["retry-after-ms"], 1);
  if (ms !== undefined) return ms;
  const after = headers?.["retry-after"];
  const seconds = duration(after, 1000);
  if (seconds !== undefined || after === undefined) return seconds;
  const wait = Date.parse(after) - Date.parse(headers?.date ?? "");
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

function duration(text: string | undefined, unitMs: number): number | undefined {
  if (text === undefined || !/^\s*\d+(\.\d+)?\s*$/.test(text)) return undefined;
  return Math.ceil(Number(text) * unitMs);
}
