import { amountsToNumbers, parseAmounts } from "../budgets/amount.ts";
import { ArcpError } from "../errors.ts";
import { isTerminal, wireStatus } from "../jobs/job-state.ts";
import type { Message } from "../messages/message.ts";
import { type Awaitable, whenDone } from "../persistence/awaitable.ts";
import type { JobLogEntry } from "../persistence/event-store.ts";
import type { JobRecord } from "../persistence/job-store.ts";
import type { HostedSession } from "./hosted-session.ts";
import { JobSubscription, type JobWatch } from "./job-subscription.ts";
import type { Runtime } from "./runtime.ts";
import { refuseRequest, sayToSession } from "./session-speech.ts";

/** Entries of a job's log that are numbered into a stream at once. */
const REPLAY_PAGE = 256;
/**
 * When the log of a job that another process runs is looked at though nothing hints: after this long, and then ever more seldom, since
 * clients may watch thousands of jobs that wait.
 */
const FIRST_LOOK_MS = 1000;
const LAST_LOOK_MS = 5000;
const LOOK_GROWTH = 1.5;

/** Answers `job.subscribe`: the descriptor, then the past if it was asked for, then the present. */
export function answerSubscribe(
  runtime: Runtime,
  session: HostedSession,
  message: Message<"job.subscribe">,
): Awaitable<void> {
  const { job_id, history, from_event_seq } = message.payload;
  return whenDone(findVisibleJob(runtime, session, job_id), (record) => {
    const subscriber = session.principal;
    runtime.audit({
      type: "subscribe",
      subscriber,
      jobId: job_id,
      owner: record?.principal,
      allowed: record !== undefined,
    });
    if (record === undefined) {
      // One answer for "unknown" and "not yours": existence is not leaked (section 6.6).
      const error = new ArcpError("JOB_NOT_FOUND", `no job ${job_id.slice(0, 80)} that you may observe`);
      refuseRequest(runtime, session, error, message, job_id);
      return;
    }
    const fresh = !session.subscriptions.has(job_id);
    const replay = history === true && fresh;
    sayToSession(runtime, session, "job.subscribed", describeJob(runtime, session, record, replay), {
      traceId: message.trace_id ?? record.traceId,
      jobId: job_id,
    });
    if (fresh) subscribeToJob(runtime, session, record, replay ? (from_event_seq ?? 0) : undefined);
  }) as Awaitable<void>;
}

/** Answers `job.unsubscribe`. There is no acknowledgement; a job that has ended meanwhile is no error. */
export function answerUnsubscribe(
  runtime: Runtime,
  session: HostedSession,
  message: Message<"job.unsubscribe">,
): Awaitable<void> {
  const { job_id } = message.payload;
  const subscription = session.subscriptions.get(job_id);
  if (subscription !== undefined) {
    runtime.runs.get(job_id)?.subscriptions.delete(subscription);
    subscription.end();
    return;
  }
  return whenDone(findVisibleJob(runtime, session, job_id), (record) => {
    if (record !== undefined) return;
    const error = new ArcpError("JOB_NOT_FOUND", `no job ${job_id.slice(0, 80)} that you may observe`);
    refuseRequest(runtime, session, error, message, job_id);
  }) as Awaitable<void>;
}

/** The job, if this session's principal may know of it. */
export function findVisibleJob(
  runtime: Runtime,
  session: HostedSession,
  jobId: string,
): Awaitable<JobRecord | undefined> {
  const visible = (record: JobRecord | undefined) => {
    if (record === undefined) return undefined;
    const principals = runtime.observablePrincipals(session.principal);
    return principals === "all" || principals.includes(record.principal) ? record : undefined;
  };
  const live = runtime.runs.get(jobId)?.record;
  return live === undefined ? whenDone(runtime.persistence.jobs.get(jobId), visible) : visible(live);
}

/** Attaches a session to a job it does not own; `fromOwnerSeq` asks for the past after that number. */
export function subscribeToJob(
  runtime: Runtime,
  session: HostedSession,
  record: JobRecord,
  fromOwnerSeq: number | undefined,
): void {
  const owns = record.sessionId === session.sessionId;
  const past = fromOwnerSeq !== undefined;
  if (session.subscriptions.has(record.jobId)) return;
  if (!past && (owns || isTerminal(record.state))) return;
  const subscription = new JobSubscription({
    session,
    jobId: record.jobId,
    cursor: past ? 0 : record.lastJobSeq,
    fromOwnerSeq: fromOwnerSeq ?? 0,
    ...(owns ? { untilJobSeq: record.lastJobSeq } : {}),
  });
  session.subscriptions.set(record.jobId, subscription);
  if (!owns) runtime.runs.get(record.jobId)?.subscriptions.add(subscription);
  followJob(runtime, subscription);
}

/** Numbers the log into the stream until the cursor is at its end, in one go when the store answers at once. */
export function followJob(runtime: Runtime, subscription: JobSubscription): void {
  while (!subscription.ended) {
    const { jobId, cursor } = subscription;
    if (subscription.untilJobSeq !== undefined && cursor >= subscription.untilJobSeq) {
      subscription.end();
      return;
    }
    const run = runtime.runs.get(jobId);
    if (run !== undefined && subscription.untilJobSeq === undefined && cursor >= run.record.lastJobSeq) {
      run.subscriptions.add(subscription);
      subscription.goLive();
      return;
    }
    const page = runtime.persistence.events.readJobLog(jobId, cursor, REPLAY_PAGE);
    if (page instanceof Promise) {
      void followLater(runtime, subscription, page);
      return;
    }
    if (page.length === 0) {
      void atEndOfLog(runtime, subscription);
      return;
    }
    takePage(runtime, subscription, page);
  }
}

async function followLater(
  runtime: Runtime,
  subscription: JobSubscription,
  page: Promise<readonly JobLogEntry[]>,
): Promise<void> {
  try {
    const entries = await page;
    if (subscription.ended) return;
    if (entries.length === 0) return await atEndOfLog(runtime, subscription);
    takePage(runtime, subscription, entries);
    followJob(runtime, subscription);
  } catch {
    subscription.session.peer?.giveUp("fenced");
  }
}

function takePage(runtime: Runtime, subscription: JobSubscription, page: readonly JobLogEntry[]): void {
  const { session, untilJobSeq } = subscription;
  const deliveries = [];
  for (const entry of page) {
    if (entry.jobSeq <= subscription.cursor) continue;
    if (untilJobSeq !== undefined && entry.jobSeq > untilJobSeq) break;
    subscription.cursor = entry.jobSeq;
    if (subscription.wantsFromHistory(entry)) deliveries.push(session.number(entry));
  }
  subscription.watch?.grew();
  if (deliveries.length === 0) return;
  void runtime.committer.append({ epochs: session.epochs, entries: [], deliveries, jobs: [] });
}

/** Nothing more is stored now: the rest is being stored, the job is over, or another process runs it. */
async function atEndOfLog(runtime: Runtime, subscription: JobSubscription): Promise<void> {
  const { jobId } = subscription;
  if (runtime.runs.has(jobId) && subscription.untilJobSeq === undefined) {
    await runtime.committer.settled();
    if (!subscription.ended) followJob(runtime, subscription);
    return;
  }
  const record = await runtime.persistence.jobs.get(jobId);
  const over = record === undefined || (isTerminal(record.state) && subscription.cursor >= record.lastJobSeq);
  if (over || subscription.untilJobSeq !== undefined) return subscription.end();
  if (subscription.ended) return;
  const look = () => {
    if (!subscription.ended) followJob(runtime, subscription);
  };
  const watch = subscription.watch;
  if (watch !== undefined) return watch.next(look);
  // What came since the log was read gave no hint to anybody: it is read once more, now that somebody listens.
  subscription.watch = watchForeignJob(runtime, jobId);
  look();
}

/** Tells when to look at a job of another process again: on a hint, also one that came since the last look began, or in time. */
function watchForeignJob({ clock, persistence }: Runtime, jobId: string): JobWatch {
  let lookMs = FIRST_LOOK_MS;
  let hinted = false;
  let wake: (() => void) | undefined;
  const stopHint = persistence.events.watchJob?.(jobId, () => {
    hinted = true;
    wake?.();
  });
  let stopTimer = () => {};
  return {
    grew() {
      lookMs = FIRST_LOOK_MS;
    },
    next(look) {
      wake = () => {
        wake = undefined;
        hinted = false;
        stopTimer();
        look();
      };
      if (hinted) return wake();
      stopTimer = clock.at(clock.now() + lookMs, wake);
      lookMs = Math.min(lookMs * LOOK_GROWTH, LAST_LOOK_MS);
    },
    stop() {
      wake = undefined;
      stopTimer();
      stopHint?.();
    },
  };
}

/** The authority descriptor of section 7.6. Credentials go to the submitting principal only. */
function describeJob(runtime: Runtime, session: HostedSession, record: JobRecord, replayed: boolean) {
  const run = runtime.runs.get(record.jobId);
  const budgeted = record.lease["cost.budget"] !== undefined;
  const credentials =
    session.principal === record.principal && session.features.has("provisioned_credentials")
      ? runtime.credentials?.held(record.jobId)
      : undefined;
  return {
    job_id: record.jobId,
    current_status: wireStatus(run?.entry.state ?? record.state),
    agent: record.agent,
    lease: record.lease,
    ...(record.leaseConstraints === undefined ? {} : { lease_constraints: record.leaseConstraints }),
    ...(budgeted ? { budget: run?.budgetNow() ?? amountsToNumbers(parseSigned(record.budget)) } : {}),
    ...(credentials === undefined ? {} : { credentials }),
    parent_job_id: record.parentJobId ?? null,
    trace_id: record.traceId,
    subscribed_from: record.lastEventSeq,
    replayed,
  };
}

/** What is left may be below zero: the last report was larger than the rest. */
function parseSigned(amounts: readonly string[] | undefined) {
  const positive = (amounts ?? []).filter((amount) => !amount.includes(":-"));
  const negative = (amounts ?? []).filter((amount) => amount.includes(":-"));
  const left = new Map(parseAmounts(positive));
  for (const [currency, amount] of parseAmounts(negative.map((text) => text.replace(":-", ":")))) {
    left.set(currency, amount.negated());
  }
  return left;
}
