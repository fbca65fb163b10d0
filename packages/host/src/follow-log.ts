import {
  eventsOfRow,
  PawlError,
  parseEventId,
  type SessionId,
  type TurnEvent,
  type TurnId,
} from "@pawl/core";
import type { Clock, Log } from "@pawl/core/ports";
import type { EventOptions } from "./session-handle.ts";

/**
 * A hint may be lost, and rows of another process come without one: the log is looked at after this long, in milliseconds, and then
 * ever more seldom, since what thousands follow mostly does not move. Not as seldom as a result is looked for, which is hinted at across
 * processes: whoever follows wants to see a turn of another process begin.
 */
const FIRST_LOOK_MS = 200;
const LAST_LOOK_MS = 1_000;
const LOOK_GROWTH = 1.25;
const PAGE = 500;
/** An end without a commit is rare: looked for at every so many looks that found nothing. */
const LOOKS_A_CHECK = 5;

export interface FollowOptions extends EventOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly hold: () => () => void;
  readonly sessionId: SessionId;
  /** Only this turn's events, up to its `turn.committed`. */
  readonly turnId?: TurnId;
  /** Whether the turn ended without a commit, so that nothing more comes. */
  readonly isOver?: () => Promise<boolean>;
}

/**
 * Events of a session, past and coming, in the one order of its log, without a gap and without a repeat. Ends when `signal` aborts.
 *
 * @throws PawlError `invalid_event_id` when `after` is not the id of an event
 */
export async function* followLog(options: FollowOptions): AsyncGenerator<TurnEvent, void, void> {
  const { log, clock, sessionId, turnId, signal } = options;
  let from = startOf(options.after);
  const wake = createWake(clock, signal);
  const unlisten = log.onAppend(sessionId, wake.now);
  const release = options.hold();
  const ofTurn = turnId && { turnId };
  // A look asks first whether there is anything to read: that is asked together with all others who follow.
  let isNews = true;
  try {
    for (let idle = 0, isOver = false, lookMs = FIRST_LOOK_MS; !signal?.aborted; ) {
      wake.reset();
      isNews ||= await log.grown(sessionId, { after: from.seq, ...ofTurn });
      const rows = isNews ? await log.read(sessionId, { after: from.seq, limit: PAGE, ...ofTurn }) : [];
      for (const row of rows) {
        for (const event of eventsOfRow(row)) {
          const seen = row.seq === from.partSeq && Number(event.id.split(".")[1]) <= from.index;
          if (!seen) yield event;
          // Also when it was the last that was seen: nothing comes after it.
          if (turnId !== undefined && event.type === "turn.committed") return;
        }
        from = { seq: row.seq, partSeq: -1, index: -1 };
      }
      if (rows.length === PAGE) continue;
      // What was there when it was over has been read by now.
      if (isOver) return;
      idle = rows.length === 0 ? idle + 1 : 0;
      lookMs = idle === 0 ? FIRST_LOOK_MS : Math.min(lookMs * LOOK_GROWTH, LAST_LOOK_MS);
      if (idle > 0 && idle % LOOKS_A_CHECK === 0 && (await options.isOver?.())) isOver = true;
      isNews = isOver || (await wake.wait(lookMs));
    }
  } finally {
    unlisten();
    wake.cancel();
    release();
  }
}

/** Where to begin reading: the row of the last event is read again, for it may hold further events. */
function startOf(after: string | undefined): { seq: number; partSeq: number; index: number } {
  if (after === undefined || after === "") return { seq: 0, partSeq: -1, index: -1 };
  const id = parseEventId(after);
  if (id === undefined) {
    throw new PawlError(
      "invalid_event_id",
      `"${after}" is not the id of an event. Pass the id of the last event seen.`,
      {
        blame: "peer",
      },
    );
  }
  return { seq: Math.max(0, id.seq - 1), partSeq: id.seq, index: id.index };
}

/** Looks of all who wait in this process fall on these times, in milliseconds since the epoch, so that the store answers them together. */
const BEAT_MS = 100;

/** Waits for a call of `now`, also one that came before the wait, or for about a time to pass. */
export function createWake(clock: Clock, signal: AbortSignal | undefined) {
  let woken = false;
  let resolve = () => {};
  let cancelTimer = () => {};
  const now = () => {
    woken = true;
    resolve();
  };
  signal?.addEventListener("abort", now, { once: true });
  return {
    now,
    reset() {
      woken = false;
    },
    /** @returns whether it was woken */
    async wait(ms: number): Promise<boolean> {
      if (!woken && !signal?.aborted) {
        const at = Math.ceil((clock.now() + ms) / BEAT_MS) * BEAT_MS;
        await new Promise<void>((done) => {
          resolve = done;
          cancelTimer = clock.at(at, done);
        });
        cancelTimer();
      }
      return woken;
    },
    cancel() {
      cancelTimer();
      signal?.removeEventListener("abort", now);
    },
  };
}
