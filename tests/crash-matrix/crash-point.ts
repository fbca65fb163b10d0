/**
 * Where a process ends. For a durable call: before it, inside of it (its transaction is under way and not committed), after it (committed, and
 * the response lost). For what changes the world: before it, after it (done, and not recorded). For a model call: before it, in
 * the middle of its text, after it. For a read: before it.
 */
export type When = "before" | "inside" | "after";

export interface CrashPoint {
  /** The label of a seam operation or of an effect, see `labels.ts`. */
  readonly at: string;
  readonly when: When;
}

export function nameOf({ at, when }: CrashPoint): string {
  return `${when} ${at}`;
}

export function samePoint(a: CrashPoint, b: CrashPoint): boolean {
  return a.at === b.at && a.when === b.when;
}
