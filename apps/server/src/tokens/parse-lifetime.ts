const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

const MAX_MS = 3_660 * UNITS_MS.d;

/** `30d`, `12h`, `90m`, `2w`, in milliseconds; undefined for anything else, and for more than ten years. */
export function parseLifetime(text: string): number | undefined {
  const [, count = "", unit = ""] = /^([1-9]\d{0,8})([smhdw])$/.exec(text.trim()) ?? [];
  if (count === "") return undefined;
  const ms = Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  return ms <= MAX_MS ? ms : undefined;
}
