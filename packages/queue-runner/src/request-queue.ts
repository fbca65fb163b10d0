import type { SessionId } from "@pawl/core";
import type { RunRequest } from "./run-handle.ts";

/** From so many sessions on, and with places for several, one look anywhere is quicker than one in each after the other. */
const SEVERAL = 4;
/** Past this many sessions one look anywhere is cheaper than one in each, and memory stays bounded. */
const MAX_SESSIONS = 64;

type Waiting = Map<SessionId | undefined, RunRequest>;

/**
 * Requests that wait to be looked at: one per session and one for "any". They carry no content, so they coalesce; where
 * there would be too many, the rest becomes the one for "any", which finds the same work.
 *
 * A session that was just completed comes before the others, once: then somebody else has a turn, so that a session that always
 * has more does not hold up the rest. Where several were completed at once, as in a burst, one look anywhere is taken for all of them.
 */
export class RequestQueue {
  readonly #again: Waiting = new Map();
  readonly #waiting: Waiting = new Map();
  #tookAgain = false;

  get size(): number {
    return this.#again.size + this.#waiting.size;
  }

  /** A request for the same that waits already keeps its place; the one that traces counts. */
  add(wanted: RunRequest): void {
    if (this.#again.has(wanted.sessionId)) return;
    const key = this.#waiting.size < MAX_SESSIONS ? wanted.sessionId : undefined;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined && (waiting.traceIdle || !wanted.traceIdle)) return;
    const { sessionId: _dropped, ...anywhere } = wanted;
    this.#waiting.set(key, key === undefined ? anywhere : wanted);
  }

  /** As `add`, before the others. It takes the place of a request for the same. */
  addAgain(wanted: RunRequest): void {
    if (this.#again.size >= MAX_SESSIONS) {
      this.add(wanted);
    } else {
      this.#waiting.delete(wanted.sessionId);
      this.#again.set(wanted.sessionId, wanted);
    }
  }

  /** `free`: how many sessions may be begun now. */
  take(free: number): RunRequest | undefined {
    const again = this.#again.size > 0 && !(this.#tookAgain && this.#waiting.size > 0);
    this.#tookAgain = again;
    const from = again ? this.#again : this.#waiting;
    if (free >= SEVERAL && from.size >= SEVERAL) return takeAll(from);
    for (const [key, wanted] of from) {
      from.delete(key);
      return wanted;
    }
    return undefined;
  }

  clear(): void {
    this.#again.clear();
    this.#waiting.clear();
  }
}

/** One look anywhere in place of one in each. What it has no place for is looked for again, since it takes all that it may. */
function takeAll(from: Waiting): RunRequest {
  const all = [...from.values()];
  from.clear();
  return { reason: all[0]?.reason ?? "burst", traceIdle: all.some(({ traceIdle }) => traceIdle) };
}
