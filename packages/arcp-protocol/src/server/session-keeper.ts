import type { ClaimedSession } from "../persistence/session-store.ts";
import { HostedSession } from "./hosted-session.ts";
import { recoverJobs } from "./job-recovery.ts";
import type { Runtime } from "./runtime.ts";

/** Sessions that are claimed from dead processes in one go. */
const ORPHANS_AT_ONCE = 64;
/** A session that the store failed is taken up again after this, and after twice as long each time it fails again. */
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 10_000;

/**
 * The life of sessions in this process: when they are taken up, when they end, when they are lost to another process.
 *
 * P20 One HostedSession of an id at a time, and the one of the newest epoch: what belongs to an older one is fenced.
 * P21 A session with unfinished jobs is held by some process that lives: orphans are adopted, and what the store failed is
 *     taken up again.
 */
export class SessionKeeper {
  readonly #runtime: Runtime;
  readonly #busy = new Map<string, Promise<unknown>>();
  readonly #retries = new Set<() => void>();
  #stopWatching: (() => void) | undefined;
  #stopHearing: (() => void) | undefined;
  #adopting: Promise<void> | undefined;
  #closed = false;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Takes up what dead processes left, now and from now on; everything unfinished where a store knows of one process only. */
  async start(): Promise<void> {
    const { persistence } = this.#runtime;
    this.#stopHearing = persistence.sessions.onClaimed?.((sessionId) => this.#claimed(sessionId));
    if (persistence.sessions.claimOrphans !== undefined) {
      await this.#adoptOrphans();
      this.#watch();
      return;
    }
    for (const { sessionId } of await persistence.jobs.unfinished()) {
      const session = await this.inTurn(sessionId, () => this.hold(sessionId));
      if (session !== undefined) this.detached(session);
    }
  }

  /** Lets go of all sessions and writes nothing more for them. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopWatching?.();
    this.#stopHearing?.();
    for (const stop of this.#retries) stop();
    for (const session of [...this.#runtime.sessions.values()]) this.#drop(session);
    await this.#adopting;
    await Promise.allSettled(this.#busy.values());
    // What was being taken up meanwhile.
    for (const session of [...this.#runtime.sessions.values()]) this.#drop(session);
  }

  /** One after the other for each session, so that nobody finds it half taken up. */
  inTurn<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    const ahead = this.#busy.get(sessionId) ?? Promise.resolve();
    const done = ahead.then(work, work);
    this.#busy.set(sessionId, done);
    const over = () => {
      if (this.#busy.get(sessionId) === done) this.#busy.delete(sessionId);
    };
    done.then(over, over);
    return done;
  }

  /** The session in this process: claimed, with its jobs, when another one holds it. Call `inTurn`. */
  async hold(sessionId: string): Promise<HostedSession | undefined> {
    const held = this.#runtime.sessions.get(sessionId);
    if (held !== undefined) return held;
    const claimed = await this.#runtime.persistence.sessions.claim(sessionId);
    return claimed === undefined || this.#closed ? undefined : this.#takeUp(claimed);
  }

  /** P10: the session and its jobs stay; the clock of the resume window begins. */
  detached(session: HostedSession): void {
    if (this.#closed) return;
    const { clock, limits } = this.#runtime;
    const expiresAt = session.expiresAt ?? clock.now() + limits.resumeWindowMs;
    session.expiresAt = expiresAt;
    session.stopExpiry?.();
    session.stopExpiry = clock.at(expiresAt, () => this.#expire(session));
    Promise.resolve(session.save({ expiresAt })).then(
      () => this.#letRest(session),
      () => undefined,
    );
  }

  /** Where others could take it up as well, a session that nobody uses needs no memory: whoever resumes it claims it. */
  #letRest(session: HostedSession): void {
    const { sessions, persistence } = this.#runtime;
    if (persistence.sessions.claimOrphans === undefined || this.#closed) return;
    // Not while somebody is resuming it.
    void this.inTurn(session.sessionId, async () => {
      const isUsed = session.peer !== undefined || session.liveJobs > 0 || session.isSubscribed;
      if (isUsed || session.expiresAt === undefined || sessions.get(session.sessionId) !== session) return;
      sessions.delete(session.sessionId);
      session.stopExpiry?.();
    });
  }

  /** The last job of a session that nobody can resume any more takes the session with it. */
  jobEnded(session: HostedSession): void {
    const { expiresAt } = session;
    if (session.liveJobs > 0 || session.peer !== undefined || expiresAt === undefined) return;
    if (expiresAt <= this.#runtime.clock.now()) this.#forget(session);
    else this.#letRest(session);
  }

  /** Another process holds this session now, or the store has failed: nothing may be said for it from here. */
  fenced(sessionId: string, epoch: number, cause: unknown): void {
    const { sessions, runs, audit } = this.#runtime;
    const session = sessions.get(sessionId);
    if (session?.epoch !== epoch) return;
    audit({ type: "session_fenced", sessionId, cause });
    const hadJobs = [...runs.values()].some((run) => run.session === session);
    this.#drop(session);
    session.peer?.giveUp("fenced");
    if (hadJobs) this.#takeUpAgain(sessionId, epoch, FIRST_RETRY_MS);
  }

  /** Its client has gone elsewhere: what it left here is closed now and not only when something is to be written. */
  #claimed(sessionId: string): void {
    if (!this.#runtime.sessions.has(sessionId)) return;
    const look = async () => {
      const held = this.#runtime.sessions.get(sessionId);
      if (held === undefined || this.#closed) return;
      const stored = await this.#runtime.persistence.sessions.get(sessionId);
      if (stored?.epoch !== held.epoch) this.fenced(sessionId, held.epoch, undefined);
    };
    // A hint: what could not be looked up is noticed at the next write.
    this.inTurn(sessionId, look).catch(() => undefined);
  }

  async #takeUp(claimed: ClaimedSession): Promise<HostedSession> {
    const { sessionId } = claimed;
    const older = this.#runtime.sessions.get(sessionId);
    if (older !== undefined) {
      this.#drop(older);
      older.peer?.giveUp("fenced");
    }
    const { events, sessions } = this.#runtime.persistence;
    const session = new HostedSession({ ...claimed, expiresAt: claimed.expiresAt, events, sessions });
    this.#runtime.sessions.set(sessionId, session);
    try {
      await recoverJobs(this.#runtime, session);
    } catch (cause) {
      this.fenced(sessionId, session.epoch, cause);
      this.#takeUpAgain(sessionId, session.epoch, FIRST_RETRY_MS);
      throw cause;
    }
    return session;
  }

  /** Where the store failed, nobody else knows: its jobs would wait until somebody resumes the session. */
  #takeUpAgain(sessionId: string, epoch: number, delayMs: number): void {
    if (this.#closed) return;
    const { clock, persistence } = this.#runtime;
    const claimAgain = async () => {
      const stored = await persistence.sessions.get(sessionId);
      // A later epoch is that of its next holder, here or elsewhere.
      if (stored?.epoch !== epoch || this.#closed) return;
      const session = await this.hold(sessionId);
      if (session !== undefined && session.peer === undefined) this.detached(session);
    };
    const stop = clock.at(clock.now() + delayMs, () => {
      this.#retries.delete(stop);
      this.inTurn(sessionId, claimAgain).catch(() => {
        this.#takeUpAgain(sessionId, epoch, Math.min(delayMs * 2, MAX_RETRY_MS));
      });
    });
    this.#retries.add(stop);
  }

  #watch(): void {
    if (this.#closed) return;
    const { clock, limits } = this.#runtime;
    this.#stopWatching = clock.at(clock.now() + limits.orphanPollMs, () => {
      this.#adopting = this.#adoptOrphans()
        // A store that cannot be asked now is asked again.
        .catch(() => undefined)
        .then(() => this.#watch());
    });
  }

  async #adoptOrphans(): Promise<void> {
    for (;;) {
      const orphans = (await this.#runtime.persistence.sessions.claimOrphans?.(ORPHANS_AT_ONCE)) ?? [];
      await Promise.allSettled(orphans.map((claimed) => this.#adopt(claimed)));
      if (orphans.length < ORPHANS_AT_ONCE || this.#closed) return;
    }
  }

  #adopt(claimed: ClaimedSession): Promise<void> {
    return this.inTurn(claimed.sessionId, async () => {
      // Somebody resumed it here meanwhile and so claimed it later.
      const held = this.#runtime.sessions.get(claimed.sessionId);
      if (this.#closed || (held !== undefined && held.epoch >= claimed.epoch)) return;
      const session = await this.#takeUp(claimed);
      if (session.peer === undefined) this.detached(session);
    });
  }

  /** Nothing of the session is left in this process. */
  #drop(session: HostedSession): void {
    const { sessions, runs } = this.#runtime;
    if (sessions.get(session.sessionId) === session) sessions.delete(session.sessionId);
    session.stopExpiry?.();
    for (const run of [...runs.values()]) if (run.session === session) run.fence();
    this.#endSubscriptions(session);
  }

  /** Nobody can resume it any more. Its stream goes once the last of its jobs has ended. */
  #expire(session: HostedSession): void {
    if (session.peer !== undefined) return;
    this.#endSubscriptions(session);
    if (session.liveJobs === 0) this.#forget(session);
  }

  #endSubscriptions(session: HostedSession): void {
    for (const subscription of [...session.subscriptions.values()]) {
      this.#runtime.runs.get(subscription.jobId)?.subscriptions.delete(subscription);
      subscription.end();
    }
  }

  #forget(session: HostedSession): void {
    const { sessions, persistence } = this.#runtime;
    if (sessions.get(session.sessionId) === session) sessions.delete(session.sessionId);
    session.stopExpiry?.();
    void Promise.resolve(persistence.sessions.remove(session.sessionId, session.epoch)).catch(
      () => undefined,
    );
  }
}
