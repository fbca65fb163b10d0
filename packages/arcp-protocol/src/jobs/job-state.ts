import type { JobStatus } from "../messages/session-messages.ts";

/**
 * The life of a job.
 *
 *     accepted ─► queued ─► running ─► completed | failed | cancelled | timed_out
 *                             ▲ ▼
 *                       blocked, paused
 *
 * `blocked` waits for something outside (an approval, a signal) and may stay so for days; `paused` was stopped
 * by somebody and waits to be let go on. Any live job may be cancelled, time out or fail; a job that is blocked
 * may be answered to its end without ever being seen running again.
 *
 * P1 A terminal state is final.
 * P2 Every change goes through `transition`; what is not in the table is refused and changes nothing.
 * P3 Each state has exactly one wire status, and the wire sees only legal moves of section 7.3:
 *    pending → running | error | cancelled | timed_out, running → success | error | cancelled | timed_out.
 */
export const JOB_STATES = [
  "accepted",
  "queued",
  "running",
  "blocked",
  "paused",
  "completed",
  "failed",
  "cancelled",
  "timed_out",
] as const;

export type JobState = (typeof JOB_STATES)[number];

const ends = ["failed", "cancelled", "timed_out"] as const;

/** From each state, the states that may follow. */
export const JOB_TRANSITIONS: Readonly<Record<JobState, readonly JobState[]>> = {
  accepted: ["queued", "running", ...ends],
  queued: ["running", ...ends],
  running: ["blocked", "paused", "completed", ...ends],
  blocked: ["running", "paused", "completed", ...ends],
  paused: ["running", "blocked", ...ends],
  completed: [],
  failed: [],
  cancelled: [],
  timed_out: [],
};

const WIRE_STATUS: Readonly<Record<JobState, JobStatus>> = {
  accepted: "pending",
  queued: "pending",
  running: "running",
  blocked: "running",
  paused: "running",
  completed: "success",
  failed: "error",
  cancelled: "cancelled",
  timed_out: "timed_out",
};

export function isTerminal(state: JobState): boolean {
  return JOB_TRANSITIONS[state].length === 0;
}

export function wireStatus(state: JobState): JobStatus {
  return WIRE_STATUS[state];
}

export type Transition = { ok: true; state: JobState } | { ok: false; state: JobState; reason: string };

/** The state after a move, or the same state and why the move is illegal. Staying is not a move. */
export function transition(from: JobState, to: JobState): Transition {
  if (JOB_TRANSITIONS[from].includes(to)) return { ok: true, state: to };
  const reason = isTerminal(from) ? `a ${from} job never changes again` : `a ${from} job cannot become ${to}`;
  return { ok: false, state: from, reason };
}
