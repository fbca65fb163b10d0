/**
 * All timers of a turn. The machine never waits: it names the next deadline as `wakeAt` and is told `timer_fired`.
 * - `wall_time`: the turn has worked for as long as it may; work is aborted and a last answer asked for.
 * - `limit_grace`: that work did not settle; it is written off as unknown and the last answer asked for all the same.
 * - `last_answer`: the last answer did not come in time either; the turn fails.
 * - `cancel_grace`: aborted effects did not settle after a cancel; they are written off as unknown.
 */
export type TimerName = "wall_time" | "limit_grace" | "last_answer" | "cancel_grace";

/** Absolute due times, milliseconds since the epoch. */
export type Timers = { readonly [Name in TimerName]?: number };

/** How long aborted effects may take to settle after a cancel, in milliseconds. */
export const CANCEL_GRACE_MS = 5_000;

/** The same after the wall time is over. Far below `LAST_ANSWER_MS`, so that there is time for the answer. */
export const LIMIT_GRACE_MS = 5_000;

export function nextDeadline(timers: Timers): number | undefined {
  let next: number | undefined;
  for (const name in timers) {
    const at = timers[name as TimerName];
    if (at !== undefined && (next === undefined || at < next)) next = at;
  }
  return next;
}

export function dueTimer(timers: Timers, now: number): TimerName | undefined {
  for (const name in timers) {
    const at = timers[name as TimerName];
    if (at !== undefined && at <= now) return name as TimerName;
  }
  return undefined;
}

export function withoutTimer(timers: Timers, name: TimerName): Timers {
  const { [name]: _fired, ...rest } = timers;
  return rest;
}
