import { amountsToStrings } from "../budgets/amount.ts";
import { explain } from "../envelope/decode-frame.ts";
import { formatTimestamp } from "../envelope/utc-timestamp.ts";
import { ArcpError } from "../errors.ts";
import type { LeaseGuard } from "../leases/lease-guard.ts";
import { type EventBodies, eventBodySchemas, isKnownEventKind } from "../messages/event-body.ts";
import type { Awaitable } from "../persistence/awaitable.ts";
import type { Delivery, JobLogEntry } from "../persistence/event-store.ts";
import type { JobRecord, JobUpdate } from "../persistence/job-store.ts";
import type { HostedSession } from "./hosted-session.ts";
import type { JobSubscription } from "./job-subscription.ts";
import type { Runtime } from "./runtime.ts";
import type { StepJournal } from "./step-journal.ts";

export interface EmitOptions {
  /** Where the event comes from in the agent's own log; given back after a restart. */
  source?: string;
  /** The same body with a secret in it, for the submitter only. */
  secretBody?: Record<string, unknown>;
}

/** How far an agent may be ahead of the store: nothing of it is sent before it is stored. */
const MAX_UNSTORED_EVENTS = 256;
const MAX_UNSTORED_SIZE = 1024 * 1024;
/** Events after which an agent that never waits lets others have a turn. */
const YIELD_EVERY = 512;
/** A gauge event each time another tenth of a budget is gone. */
const GAUGE_STEPS = 10;

/**
 * The events of one job: checks them, counts their costs, numbers them for everybody who watches, stores them, and
 * paces the agent that makes them.
 *
 * P13 A connection that is gone, slow or broken never makes an emit fail.
 */
export class JobEvents {
  readonly subscriptions = new Set<JobSubscription>();
  readonly #runtime: Runtime;
  readonly #record: JobRecord;
  readonly #session: HostedSession;
  readonly #guard: LeaseGuard;
  readonly #parent: JobEvents | undefined;
  readonly #journal: StepJournal | undefined;
  #sinceYield = 0;
  readonly #withNext: JobUpdate[] = [];
  #unstored = 0;
  /** Payload in UTF-16 units. */
  #unstoredSize = 0;
  readonly #gauge = new Map<string, number>();

  constructor(
    job: {
      runtime: Runtime;
      record: JobRecord;
      session: HostedSession;
      guard: LeaseGuard;
      journal: StepJournal | undefined;
    },
    parent: JobEvents | undefined,
  ) {
    this.#runtime = job.runtime;
    this.#record = job.record;
    this.#session = job.session;
    this.#guard = job.guard;
    this.#journal = job.journal;
    this.#parent = parent;
  }

  /**
   * Emits one event of a live job. Resolves when the agent may go on: it is stored, or is being stored and the agent is not far
   * ahead; and the job's reader keeps up. Where the agent must not go on before it is stored, `settled` says when.
   */
  emit(kind: string, body: Record<string, unknown>, given: EmitOptions): Promise<void> {
    checkBody(kind, body);
    let options = given;
    if (this.#journal !== undefined) {
      const source = this.#journal.begin(kind, body);
      if (source === undefined) return settled;
      options = { ...given, source };
    }
    const updates = this.#budgetChange(kind, body);
    const ts = formatTimestamp(this.#runtime.clock.now());
    const payload = JSON.stringify({ kind, ts, body });
    const stored = this.append(
      "job.event",
      kind,
      payload,
      {
        ...options,
        ...(options.secretBody === undefined
          ? {}
          : { secret: JSON.stringify({ kind, ts, body: options.secretBody }) }),
      },
      updates,
    );
    this.#emitGauge();
    if (stored instanceof Promise) this.#countUnstored(stored, payload.length);
    return this.#pace(stored);
  }

  /** Stored together with the next message of the job. */
  storeNext(update: JobUpdate): void {
    this.#withNext.push(update);
  }

  /** Done when everything that was emitted so far is stored, or refused. */
  settled(): Awaitable<void> {
    return this.#runtime.committer.settled();
  }

  #countUnstored(stored: Promise<void>, size: number): void {
    this.#unstored += 1;
    this.#unstoredSize += size;
    void stored.then(() => {
      this.#unstored -= 1;
      this.#unstoredSize -= size;
    });
  }

  /** Stores one message of the job, with what it changes of jobs, and delivers it to all who watch. */
  append(
    type: JobLogEntry["type"],
    kind: string,
    payload: string,
    options: { source?: string; secret?: string },
    updates: JobUpdate[],
  ): Awaitable<void> {
    const jobs = this.#withNext.length === 0 ? updates : [...this.#withNext.splice(0), ...updates];
    const record = this.#record;
    const session = this.#session;
    record.lastJobSeq += 1;
    const entry: JobLogEntry = {
      jobId: record.jobId,
      jobSeq: record.lastJobSeq,
      sessionId: session.sessionId,
      type,
      kind,
      traceId: record.traceId,
      payload,
      ownerSeq: record.lastEventSeq,
      ...(options.secret === undefined ? {} : { secretPayload: options.secret }),
      ...(options.source === undefined ? {} : { source: options.source }),
    };
    const deliveries: Delivery[] = [];
    if (session.wants(entry)) {
      const delivery = session.number(entry);
      entry.ownerSeq = delivery.eventSeq;
      record.lastEventSeq = delivery.eventSeq;
      this.#runtime.registry.recordEventSeq(record.jobId, delivery.eventSeq);
      deliveries.push(delivery);
    }
    const { epochs } = session;
    const stored = this.#runtime.committer.append({ epochs, entries: [entry], deliveries, jobs });
    if (stored instanceof Promise) return stored.then(() => this.#deliverToSubscribers(entry));
    this.#deliverToSubscribers(entry);
  }

  /**
   * Once it is stored: were it refused because another process runs the job now, their streams must not have a number
   * for it.
   */
  #deliverToSubscribers(entry: JobLogEntry): void {
    if (this.subscriptions.size === 0) return;
    const epochs = new Map<string, number>();
    const deliveries: Delivery[] = [];
    for (const subscription of this.subscriptions) {
      // What it has read from the log already it has.
      if (!subscription.live || entry.jobSeq <= subscription.cursor) continue;
      subscription.cursor = entry.jobSeq;
      const { session } = subscription;
      if (!session.wants(entry)) continue;
      deliveries.push(session.number(entry));
      epochs.set(session.sessionId, session.epoch);
    }
    if (deliveries.length === 0) return;
    void this.#runtime.committer.append({ epochs, entries: [], deliveries, jobs: [] });
  }

  /** A cost moves the counters, a delegation has moved them: both are stored with the event that says so. */
  #budgetChange(kind: string, body: Record<string, unknown>): JobUpdate[] {
    if (kind === "metric") return this.#takeCost(body as unknown as EventBodies["metric"]);
    return kind === "delegate" ? this.budgetUpdates() : [];
  }

  /** Section 9.6: a cost report moves the counter before it is passed on. */
  #takeCost(metric: EventBodies["metric"]): JobUpdate[] {
    if (!isCost(metric) || metric.unit === undefined) return [];
    return this.#guard.budget.spend(metric.unit, metric.value) === "spent" ? this.budgetUpdates() : [];
  }

  /** What a store has to know after a counter moved: this job's counters and its ancestors'. */
  budgetUpdates(): JobUpdate[] {
    const updates: JobUpdate[] = [];
    for (let job: JobEvents | undefined = this; job !== undefined; job = job.#parent) {
      const left = job.#guard.budget.remaining();
      if (left.size === 0 || job.#record.endedAt !== undefined) continue;
      job.#record.budget = amountsToStrings(left);
      updates.push({ jobId: job.#record.jobId, budget: job.#record.budget });
    }
    return updates;
  }

  #emitGauge(): void {
    for (const [unit, left] of this.#guard.budget.remaining()) {
      const whole = this.#record.initialBudget
        ?.find((amount) => amount.startsWith(`${unit}:`))
        ?.slice(unit.length + 1);
      if (whole === undefined) continue;
      const step = left.lte(0)
        ? 0
        : left
            .times(GAUGE_STEPS)
            .div(whole === "0" ? 1 : whole)
            .ceil()
            .toNumber();
      const before = this.#gauge.get(unit) ?? GAUGE_STEPS;
      if (step >= before) continue;
      this.#gauge.set(unit, step);
      const body = { name: "cost.budget.remaining", value: left.toNumber(), unit };
      const ts = formatTimestamp(this.#runtime.clock.now());
      void this.append("job.event", "metric", JSON.stringify({ kind: "metric", ts, body }), {}, []);
    }
  }

  /** Resolves at once for a session that keeps up; an agent that never waits lets the sockets have their turn. */
  #pace(stored: Awaitable<void>): Promise<void> {
    this.#sinceYield += 1;
    const slow = this.#session.throttle();
    if (slow === undefined && this.#sinceYield < YIELD_EVERY) {
      const isAhead = this.#unstored > MAX_UNSTORED_EVENTS || this.#unstoredSize > MAX_UNSTORED_SIZE;
      return isAhead && stored instanceof Promise ? stored : settled;
    }
    this.#sinceYield = 0;
    return this.#waitForReader(stored, slow);
  }

  async #waitForReader(stored: Awaitable<void>, slow: Promise<void> | undefined): Promise<void> {
    await stored;
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (slow === undefined) return;
    const stop = this.#watchReader();
    await slow;
    stop();
  }

  /** A reader that takes nothing at all for the longest time of a throttle is dropped; a slow one is waited for. */
  #watchReader(): () => void {
    const { clock, limits } = this.#runtime;
    const { sent } = this.#session.sequence;
    let stop = clock.at(clock.now() + limits.maxThrottleMs, () => {
      if (this.#session.sequence.sent === sent) this.#session.peer?.giveUp("slow_consumer");
      else stop = this.#watchReader();
    });
    return () => stop();
  }
}

const settled = Promise.resolve();

function checkBody(kind: string, body: Record<string, unknown>): void {
  if (!isKnownEventKind(kind)) {
    if (/^x-[a-z0-9]/.test(kind)) return;
    throw new ArcpError(
      "INVALID_REQUEST",
      `"${kind}" is not an event kind; vendor kinds begin with x-vendor.`,
    );
  }
  const checked = eventBodySchemas[kind].safeParse(body);
  if (!checked.success) {
    throw new ArcpError("INVALID_REQUEST", `malformed ${kind} event: ${explain(checked.error)}`);
  }
  if (kind === "metric") checkCost(body as unknown as EventBodies["metric"]);
}

/** Section 9.6: a senseless cost moves no counter and is not passed on. */
function checkCost(metric: EventBodies["metric"]): void {
  if (!isCost(metric) || (Number.isFinite(metric.value) && metric.value >= 0)) return;
  throw new ArcpError("INVALID_REQUEST", `the cost ${metric.name} is negative; report what was spent`);
}

function isCost({ name }: EventBodies["metric"]): boolean {
  return name.startsWith("cost.") && name !== "cost.budget.remaining";
}
