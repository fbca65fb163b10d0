import { closed } from "../errors.ts";
import { backoffMs, pause } from "./pause.ts";
import { failureKind } from "./retryable-codes.ts";

export interface Insistence {
  /** An attempt whose answer was lost may be repeated. */
  readonly repeatLost: boolean;
  /** Hears of each lost answer. */
  readonly onLost?: () => void;
  /** How often it comes again after a deadlock, a lock time-out or a serialization failure; default 10. */
  readonly contentions?: number;
}

export interface InsistOptions {
  /** How long a failing connection is tried again, in milliseconds. */
  readonly patienceMs: number;
  readonly random: () => number;
  /** Aborted when the store closes: no attempt begins after that. */
  readonly closing: AbortSignal;
  /** Called once, before another attempt: a plan does not fit any more. Plain statements always work. */
  readonly replan: () => void;
}

const FIRST_PAUSE_MS = 20;
const MOST_PAUSE_MS = 1000;
/** A deadlock or a serialization failure does not clear by waiting long: it clears by coming again. */
const MOST_CONTENTION_RETRIES = 10;

/** Runs until it succeeds, fails for good, or the patience is over. Throws what the driver threw. */
export async function insist<T>(
  attempt: () => Promise<T>,
  { repeatLost, onLost, contentions: mostContentions = MOST_CONTENTION_RETRIES }: Insistence,
  { patienceMs, random, closing, replan }: InsistOptions,
): Promise<T> {
  const until = performance.now() + patienceMs;
  let isReplanned = false;
  for (let failures = 0, contentions = 0; ; ) {
    try {
      if (closing.aborted) throw closed();
      return await attempt();
    } catch (error) {
      const kind = failureKind(error);
      if (kind === "lost") onLost?.();
      // A pooler in transaction mode, or a schema that changed.
      if (kind === "stale_plan" && !isReplanned) {
        replan();
        isReplanned = true;
        continue;
      }
      const again =
        kind === "rolled_back"
          ? ++contentions <= mostContentions
          : kind === "unreachable" || (kind === "lost" && repeatLost);
      const wait = backoffMs(failures, FIRST_PAUSE_MS, MOST_PAUSE_MS, random);
      if (!again || closing.aborted || performance.now() + wait > until) throw error;
      failures += 1;
      await pause(wait, closing);
    }
  }
}
