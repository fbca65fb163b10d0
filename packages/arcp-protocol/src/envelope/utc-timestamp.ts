const form = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?Z$/;

/** Milliseconds since the epoch of an ISO 8601 instant in UTC (`Z` suffix), or undefined when it is none. */
export function parseUtcTimestamp(text: string): number | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) return undefined;
  // Date.parse rolls 31 February over to March; a date that does not come back as it went in never existed.
  const [, , , day] = match;
  const hourIs24 = match[4] === "24";
  return hourIs24 || new Date(time).getUTCDate() !== Number(day) ? undefined : time;
}

/** Milliseconds of an ISO 8601 instant in any zone, or undefined. A zone is required. */
export function parseTimestamp(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/.test(text))
    return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

let lastFormatted = 0;
let lastText = "1970-01-01T00:00:00.000Z";

/** ISO 8601 in UTC with milliseconds. Bursts of events share a millisecond, so the last text is kept. */
export function formatTimestamp(milliseconds: number): string {
  if (milliseconds !== lastFormatted) {
    lastText = new Date(milliseconds).toISOString();
    lastFormatted = milliseconds;
  }
  return lastText;
}
