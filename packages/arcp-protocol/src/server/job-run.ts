import { amountsToNumbers, amountsToStrings } from "../budgets/amount.ts";
import { ArcpError, ArcpUsageError } from "../errors.ts";
import type { JobEntry } from "../jobs/job-entry.ts";
import { isTerminal, type JobState } from "../jobs/job-state.ts";
import { ResultStream } from "../jobs/result-stream.ts";
import type { LeaseGuard } from "../leases/lease-guard.ts";
import type { Operation, OperationVerdict } from "../leases/operation-check.ts";
import type { EventBodies } from "../messages/event-body.ts";
import type { Awaitable } from "../persistence/awaitable.ts";
import type { JobRecord, JobUpdate } from "../persistence/job-store.ts";
import type { AgentHandler } from "./agent.ts";
import { heard } from "./heard.ts";
import type { HostedSession } from "./hosted-session.ts";
import { JobContext } from "./job-context.ts";
import { cancelled, endingOf, JOB_ENDED, type JobEnding, leaseExpired, timedOut } from "./job-ending.ts";
import { type EmitOptions, JobEvents } from "./job-events.ts";
import type { JobOutcome } from "./job-outcome.ts";
import type { JobSubscription } from "./job-subscription.ts";
import { resultMessage } from "./result-message.ts";
import type { Runtime } from "./runtime.ts";
import type { StepJournal } from "./step-journal.ts";
import { followJob } from "./subscription.ts";

/**
 * One running job: the only place where its state changes. Its events are made by JobEvents.
 *
 * P11 Exactly one terminal message a job, and nothing after it.
 * P12 Once a job is asked to end, that is how it ends, whatever its agent returns.
 */
export class JobRun {
  readonly runtime: Runtime;
  readonly record: JobRecord;
  readonly entry: JobEntry;
  readonly session: HostedSession;
  readonly guard: LeaseGuard;
  readonly parent: JobRun | undefined;
  readonly children = new Set<JobRun>();
  readonly events: JobEvents;
  /** Of a handler that is run again after a restart. */
  readonly journal: StepJournal | undefined;
  readonly outcome: Promise<JobOutcome>;
  readonly canStream: boolean;
  readonly depth: number;
  #resolveOutcome!: (outcome: JobOutcome) => void;
  /** The first reason to end it stays. */
  #ending: JobEnding | undefined;
  #fenced = false;
  #stream: ResultStream | undefined;
  #timers: (() => void)[] = [];

  constructor(options: {
    runtime: Runtime;
    record: JobRecord;
    entry: JobEntry;
    session: HostedSession;
    guard: LeaseGuard;
    parent: JobRun | undefined;
    journal?: StepJournal | undefined;
  }) {
    this.runtime = options.runtime;
    this.record = options.record;
    this.entry = options.entry;
    this.session = options.session;
    this.guard = options.guard;
    this.parent = options.parent;
    this.journal = options.journal;
    this.depth = (options.parent?.depth ?? -1) + 1;
    this.canStream = options.session.features.has("result_chunk");
    this.outcome = new Promise((resolve) => {
      this.#resolveOutcome = resolve;
    });
    this.events = new JobEvents({ ...options, journal: options.journal }, options.parent?.events);
    this.parent?.children.add(this);
  }

  get subscriptions(): Set<JobSubscription> {
    return this.events.subscriptions;
  }

  get jobId(): string {
    return this.record.jobId;
  }

  get signal(): AbortSignal {
    return this.entry.cancel.signal;
  }

  /** How the job will end, once it has been asked to. */
  get endingAs(): JobState | undefined {
    return this.#ending?.state;
  }

  get over(): boolean {
    return this.#fenced || isTerminal(this.entry.state);
  }

  start(handler: AgentHandler, recovered: boolean): void {
    const { limits } = this.runtime;
    if (this.record.runUntil !== undefined) this.#at(this.record.runUntil, () => this.#end(timedOut()));
    const { expiresAt } = this.guard;
    if (expiresAt !== undefined) this.#at(expiresAt + limits.expiryGraceMs, () => this.#expire());
    const context = new JobContext(this, recovered);
    queueMicrotask(() => void this.#run(handler, context));
  }

  /** Stored with the first thing that the job does: by itself it is not worth a write. */
  #beginRunning(): void {
    if (this.runtime.registry.setState(this.jobId, "running")?.ok !== true) return;
    this.record.state = "running";
    this.events.storeNext({ jobId: this.jobId, state: "running" });
  }

  /** Moves the job between its live states. Throws `illegal_transition`. */
  setState(state: JobState): void {
    if (isTerminal(state)) {
      throw new ArcpUsageError("illegal_transition", "a job ends by what its agent returns or throws");
    }
    const moved = this.runtime.registry.setState(this.jobId, state);
    if (moved?.ok !== true)
      throw new ArcpUsageError("illegal_transition", moved?.reason ?? "the job is gone");
    this.record.state = state;
    void this.runtime.committer.append({
      epochs: this.session.epochs,
      entries: [],
      deliveries: [],
      jobs: [{ jobId: this.jobId, state }],
    });
  }

  /** Emits one event. Rejects only when the event itself is wrong or the job is over. */
  emit(kind: string, body: Record<string, unknown>, options: EmitOptions = {}): Promise<void> {
    try {
      this.#mustBeLive();
      if (kind === "result_chunk") {
        throw new ArcpUsageError("result_stream_misuse", "stream results with context.streamResult()");
      }
      return this.events.emit(kind, body, options);
    } catch (error) {
      return heard(Promise.reject(error));
    }
  }

  emitChunk(body: EventBodies["result_chunk"]): Promise<void> {
    this.#mustBeLive();
    return this.events.emit("result_chunk", { ...body }, {});
  }

  /** Whether an operation may go on, decided now; an attempt after the lease's end also ends the job. */
  check(operation: Operation): OperationVerdict {
    const verdict = this.guard.check(operation, this.runtime.clock.now());
    if (!verdict.allowed && verdict.code === "LEASE_EXPIRED") {
      // The refusal itself still reaches the stream: ending takes effect after the caller has emitted it.
      queueMicrotask(() => queueMicrotask(() => this.#expire()));
    }
    return verdict;
  }

  /** Opens the job's one result stream. */
  openStream(encoding: "utf8" | "base64"): ResultStream {
    this.#mustBeLive();
    if (this.#stream !== undefined) {
      throw new ArcpUsageError("result_stream_misuse", "a job has one result; it is being streamed already");
    }
    // A job has one result, and the same one when its handler runs again.
    const resultId = this.jobId.replace(/^(job_)?/, "res_");
    this.#stream = new ResultStream(resultId, encoding, this.runtime.limits.result);
    return this.#stream;
  }

  /** Asks the job to stop, and ends it after the grace if it does not. False when it is ending already. */
  cancel(reason: string | undefined): boolean {
    return this.#end(cancelled(reason));
  }

  /** Stores that the job was cancelled, so that this is how it ends whatever happens to this process (P12). */
  recordCancel(reason: string | undefined): Awaitable<void> {
    const cancelReason = reason ?? "";
    this.record.cancelReason = cancelReason;
    const jobs = [{ jobId: this.jobId, cancelReason }];
    return this.runtime.committer.append({ epochs: this.session.epochs, entries: [], deliveries: [], jobs });
  }

  /** Ends a job that is not running here and was cancelled before. */
  finishCancelled(reason: string | undefined): void {
    for (const child of [...this.children]) child.cancel("its parent job ended");
    this.#finish(cancelled(reason));
  }

  /** Another process holds the session now: nothing this job does counts any more. */
  fence(): void {
    if (this.over) return;
    this.#fenced = true;
    this.#clearTimers();
    this.runtime.runs.delete(this.jobId);
    this.runtime.registry.release(this.jobId);
    // Those who watch go on with the log that the other process writes.
    for (const subscription of this.subscriptions) {
      subscription.live = false;
      followJob(this.runtime, subscription);
    }
    this.subscriptions.clear();
    this.entry.cancel.abort(new ArcpError("INTERNAL_ERROR", "the job is run elsewhere now"));
  }

  /** Ends a job that cannot be run at all (after a restart, say). */
  abandon(error: ArcpError): void {
    this.#finish({ state: "failed", error });
  }

  budgetNow(): Record<string, number> | undefined {
    const left = this.guard.budget.remaining();
    return left.size === 0 ? undefined : amountsToNumbers(left);
  }

  async #run(handler: AgentHandler, context: JobContext): Promise<void> {
    if (this.over) return;
    if (this.entry.state !== "running") this.#beginRunning();
    try {
      const value = await handler(this.record.input, context);
      if (this.over) return;
      if (this.#ending !== undefined) this.#finish(this.#ending);
      else this.#complete(value);
    } catch (thrown) {
      if (this.over) return;
      this.#finish(this.#ending ?? endingOf(thrown));
    }
  }

  /** Throws when the agent's result is none. */
  #complete(value: unknown): void {
    const { payload, text } = resultMessage(value, this.#stream !== undefined);
    this.#seal("completed", "job.result", text, { status: "success", payload });
  }

  #finish({ state, error }: JobEnding): void {
    const final_status = state === "failed" ? "error" : state;
    const payload = { final_status, ...error.toPayload() };
    this.#seal(state, "job.error", JSON.stringify(payload), { status: final_status, error });
  }

  /** P11: the one place that ends a job. */
  #seal(state: JobState, type: "job.result" | "job.error", payload: string, outcome: JobOutcome): void {
    if (this.over || this.runtime.registry.setState(this.jobId, state)?.ok !== true) return;
    this.record.state = state;
    this.record.endedAt = this.runtime.clock.now();
    this.#clearTimers();
    const left = amountsToStrings(this.guard.budget.remaining());
    this.guard.budget.returnRest();
    const update: JobUpdate = { jobId: this.jobId, state, endedAt: this.record.endedAt };
    if (this.record.budget !== undefined) update.budget = this.record.budget = left;
    const updates = [update, ...(this.parent?.events.budgetUpdates() ?? [])];
    const stored = this.events.append(type, "", payload, {}, updates);
    const over = () => this.#release(outcome);
    if (stored instanceof Promise) void stored.then(over);
    else over();
  }

  #release(outcome: JobOutcome): void {
    this.runtime.runs.delete(this.jobId);
    this.parent?.children.delete(this);
    for (const subscription of this.subscriptions) {
      // One that is still behind reads the rest, and the end, from the log.
      if (subscription.live) subscription.end();
    }
    this.subscriptions.clear();
    // Ends what the agent still has open; a terminal job's signal says so too.
    if (!this.signal.aborted) this.entry.cancel.abort(JOB_ENDED);
    this.runtime.credentials?.revokeJob(this.jobId, this.record.credentialIds);
    for (const child of this.children) {
      // A child may go on, but not with spending authority that outlives its parent (section 9.8.2).
      this.runtime.credentials?.revokeJob(child.jobId, child.record.credentialIds);
    }
    this.#resolveOutcome(outcome);
    this.runtime.jobEnded(this.session);
  }

  #end(ending: JobEnding): boolean {
    if (this.over || this.#ending !== undefined) return false;
    this.#ending = ending;
    this.runtime.registry.cancel(this.jobId, ending.error);
    if (ending.state !== "failed")
      for (const child of [...this.children]) child.cancel("its parent job ended");
    const { clock, limits } = this.runtime;
    this.#at(clock.now() + limits.cancelGraceMs, () => this.#finish(ending));
    return true;
  }

  #expire(): void {
    if (this.#end(leaseExpired())) this.runtime.audit({ type: "lease_expired", jobId: this.jobId });
  }

  #mustBeLive(): void {
    if (!this.over) return;
    throw this.signal.reason instanceof ArcpError ? this.signal.reason : JOB_ENDED;
  }

  #at(time: number, callback: () => void): void {
    this.#timers.push(this.runtime.clock.at(time, callback));
  }

  #clearTimers(): void {
    for (const stop of this.#timers) stop();
    this.#timers = [];
  }
}
