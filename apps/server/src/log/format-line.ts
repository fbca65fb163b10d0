/** A JSON log line for people: time, level, message, then the facts. Lines that are not JSON stay as they are. */
export function formatLine(json: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(json);
  } catch {
    return json;
  }
  const { level, time, msg, ...facts } = entry;
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  const shown = Object.entries(facts).map(([name, value]) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return `${name}=${printable(text)}`;
  });
  return `${[clock, String(level).padEnd(5), printable(String(msg)), ...shown].join(" ")}\n`;
}

/** Facts may hold what others sent: nothing of it may steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}+/gu, " ");
}
