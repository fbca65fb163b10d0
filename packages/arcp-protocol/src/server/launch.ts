import { amountsToNumbers, amountsToStrings, parseAmounts } from "../budgets/amount.ts";
import { formatTimestamp } from "../envelope/utc-timestamp.ts";
import { ArcpError } from "../errors.ts";
import type { JobEntry } from "../jobs/job-entry.ts";
import type { LeaseGuard } from "../leases/lease-guard.ts";
import type { Credential } from "../messages/lease.ts";
import type { JobLogEntry } from "../persistence/event-store.ts";
import type { JobRecord } from "../persistence/job-store.ts";
import type { AgentDefinition, AgentHandler } from "./agent.ts";
import type { HostedSession } from "./hosted-session.ts";
import { JobRun } from "./job-run.ts";
import type { Runtime } from "./runtime.ts";
import { sayToSession } from "./session-speech.ts";
import { StepJournal } from "./step-journal.ts";

export interface NewJob {
  session: HostedSession;
  correlationId: string;
  agentName: string;
  agentVersion: string;
  input: unknown;
  guard: LeaseGuard;
  traceId: string;
  maxRuntimeMs?: number;
  idempotencyKey?: string;
  fingerprint?: string;
  parent?: JobRun;
  delegateId?: string;
  jobId?: string;
}

export function newJobRecord(runtime: Runtime, job: NewJob): JobRecord {
  const now = runtime.clock.now();
  const { lease } = job.guard.lease;
  const budget =
    lease["cost.budget"] === undefined ? undefined : amountsToStrings(job.guard.budget.remaining());
  const { expiry } = job.guard;
  return {
    jobId: job.jobId ?? runtime.ids.mint("job"),
    sessionId: job.session.sessionId,
    principal: job.session.principal,
    correlationId: job.correlationId,
    agent: `${job.agentName}@${job.agentVersion}`,
    input: job.input,
    state: "accepted",
    createdAt: now,
    traceId: job.traceId,
    lastEventSeq: 0,
    lastJobSeq: 0,
    lease,
    credentialIds: [],
    ...(job.maxRuntimeMs === undefined ? {} : { runUntil: now + job.maxRuntimeMs }),
    ...(expiry === undefined ? {} : { leaseConstraints: { expires_at: expiry.text } }),
    ...(budget === undefined ? {} : { budget, initialBudget: budget }),
    ...(job.parent === undefined ? {} : { parentJobId: job.parent.jobId }),
    ...(job.delegateId === undefined ? {} : { delegateId: job.delegateId }),
    ...(job.idempotencyKey === undefined ? {} : { idempotencyKey: job.idempotencyKey }),
    ...(job.fingerprint === undefined ? {} : { fingerprint: job.fingerprint }),
  };
}

/** Section 7.1. Made from what does not change, so that a repeated submission gets the same payload. */
export function acceptedPayload(record: JobRecord, credentials: readonly Credential[] | undefined) {
  return {
    job_id: record.jobId,
    agent: record.agent,
    lease: record.lease,
    ...(record.leaseConstraints === undefined ? {} : { lease_constraints: record.leaseConstraints }),
    ...(record.initialBudget === undefined
      ? {}
      : { budget: amountsToNumbers(parseAmounts(record.initialBudget)) }),
    ...(credentials === undefined || credentials.length === 0 ? {} : { credentials }),
    accepted_at: formatTimestamp(record.createdAt),
    trace_id: record.traceId,
    ...(record.parentJobId === undefined ? {} : { parent_job_id: record.parentJobId }),
    ...(record.delegateId === undefined ? {} : { delegate_id: record.delegateId }),
  };
}

/** Registers a stored job in this process. It does not run yet. */
export function registerJob(
  runtime: Runtime,
  session: HostedSession,
  record: JobRecord,
  guard: LeaseGuard,
  parent: JobRun | undefined,
  recorded: readonly JobLogEntry[] = [],
): JobRun {
  const entry: JobEntry = {
    jobId: record.jobId,
    sessionId: record.sessionId,
    correlationId: record.correlationId,
    cancel: new AbortController(),
    state: record.state,
    agent: record.agent,
    createdAt: record.createdAt,
    lastEventSeq: record.lastEventSeq,
    credentialIds: record.credentialIds,
    lease: record.lease,
    ...(record.parentJobId === undefined ? {} : { parentJobId: record.parentJobId }),
  };
  const resumable = findAgent(runtime, record)?.onRestart === "resume";
  const journal = resumable ? new StepJournal(recorded, record.createdAt) : undefined;
  const run = new JobRun({ runtime, record, entry, session, guard, parent, journal });
  runtime.registry.insert(entry, () => run.abandon(new ArcpError("CANCELLED", "the job was stopped")));
  runtime.runs.set(record.jobId, run);
  session.liveJobs += 1;
  return run;
}

/** The agent that a job was accepted for, as this process has it. */
export function findAgent(runtime: Runtime, { agent }: JobRecord): AgentDefinition | undefined {
  return runtime.agents.get(agent.slice(0, agent.indexOf("@")));
}

export function findHandler(runtime: Runtime, record: JobRecord): AgentHandler | undefined {
  return findAgent(runtime, record)?.versions[record.agent.slice(record.agent.indexOf("@") + 1)];
}

/** Tells the owner, then starts the agent. */
export function startJob(runtime: Runtime, run: JobRun, requestTraceId: string | undefined): void {
  const { record, session } = run;
  sayToSession(
    runtime,
    session,
    "job.accepted",
    acceptedPayload(record, runtime.credentials?.held(record.jobId)),
    {
      traceId: requestTraceId ?? record.traceId,
      jobId: record.jobId,
    },
  );
  const handler = findHandler(runtime, record);
  if (handler === undefined) run.abandon(new ArcpError("AGENT_NOT_AVAILABLE", `${record.agent} is gone`));
  else run.start(handler, false);
}
