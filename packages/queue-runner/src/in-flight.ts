import type { SessionId } from "@pawl/core";

interface Flight {
  count: number;
  readonly since: number;
  /** When the watchdog looks at it next. */
  lookAt: number;
  /** Somebody asked for it meanwhile. */
  poked: boolean;
}

/**
 * Sessions whose work was submitted and not completed. Counted: a session that was left may be claimed again before the completion of
 * the first time is heard, and a completion may be heard before the answer that said "submitted".
 */
export class InFlight {
  readonly #flights = new Map<SessionId, Flight>();
  /** Completions that came while a look-up was under way and belonged to nothing known. */
  readonly #early = new Map<SessionId, number>();
  #total = 0;
  #looks = 0;

  /** Submissions that are not completed. */
  get size(): number {
    return this.#total;
  }

  get sessions(): ReadonlyMap<SessionId, unknown> {
    return this.#flights;
  }

  has(sessionId: SessionId): boolean {
    return this.#flights.has(sessionId);
  }

  beginLook(): void {
    this.#looks += 1;
  }

  endLook(): void {
    this.#looks -= 1;
    if (this.#looks === 0) this.#early.clear();
  }

  submitted(sessionId: SessionId, now: number, lookAt: number): void {
    const early = this.#early.get(sessionId) ?? 0;
    if (early > 0) {
      this.#early.set(sessionId, early - 1);
      return;
    }
    this.#total += 1;
    const flight = this.#flights.get(sessionId);
    if (flight === undefined) this.#flights.set(sessionId, { count: 1, since: now, lookAt, poked: false });
    else flight.count += 1;
  }

  /** Notes that somebody asks for it while it is in flight. False: it is not. */
  poke(sessionId: SessionId): boolean {
    const flight = this.#flights.get(sessionId);
    if (flight === undefined) return false;
    flight.poked = true;
    return true;
  }

  /** Whether somebody may have asked for it while it was in flight. */
  completed(sessionId: SessionId): boolean {
    const flight = this.#flights.get(sessionId);
    if (flight === undefined) {
      if (this.#looks > 0) this.#early.set(sessionId, (this.#early.get(sessionId) ?? 0) + 1);
      return true;
    }
    this.#total -= 1;
    flight.count -= 1;
    if (flight.count > 0) return true;
    this.#flights.delete(sessionId);
    return flight.poked;
  }

  /** Every submission of the session is over, whoever failed to say so. */
  forget(sessionId: SessionId): void {
    this.#total -= this.#flights.get(sessionId)?.count ?? 0;
    this.#flights.delete(sessionId);
  }

  /** Sessions that the watchdog has to look at; each is looked at again when it has been in flight twice as long. */
  overdue(now: number): readonly { readonly sessionId: SessionId; readonly sinceMs: number }[] {
    const found = [];
    for (const [sessionId, flight] of this.#flights) {
      if (flight.lookAt > now) continue;
      const sinceMs = now - flight.since;
      flight.lookAt = now + Math.max(1, sinceMs);
      found.push({ sessionId, sinceMs });
    }
    return found;
  }
}
