import { parseAmounts } from "../budgets/amount.ts";
import { BudgetLedger } from "../budgets/budget-ledger.ts";
import { ArcpError, type WireErrorCode } from "../errors.ts";
import { resolveAgent } from "../jobs/agent-ref.ts";
import { delegateAuthority } from "../leases/delegated-authority.ts";
import type { LeaseGuard } from "../leases/lease-guard.ts";
import type { Lease, LeaseConstraints } from "../messages/lease.ts";
import type { JobRecord } from "../persistence/job-store.ts";
import type { JobOutcome } from "./job-outcome.ts";
import type { JobRun } from "./job-run.ts";
import { newJobRecord, registerJob, startJob } from "./launch.ts";
import type { Runtime } from "./runtime.ts";
import { provision } from "./submission.ts";

export interface DelegationRequest {
  /** Names the delegation in the parent's events. */
  delegate_id: string;
  agent: string;
  input?: unknown;
  /** What the child may do; nothing when absent. */
  lease_request?: Lease;
  lease_constraints?: LeaseConstraints;
}

export type Delegation =
  | { ok: true; jobId: string; outcome: Promise<JobOutcome> }
  | { ok: false; error: ArcpError };

/**
 * Section 10. The parent's stream shows the `delegate` event either way; then the child's job.accepted follows in
 * the same session, or a `tool_result` that carries the refusal.
 */
export async function delegateJob(parent: JobRun, request: DelegationRequest): Promise<Delegation> {
  parent.signal.throwIfAborted();
  const { delegate_id, agent, input, lease_request, lease_constraints } = request;
  const body = {
    delegate_id,
    agent,
    input: input ?? null,
    ...(lease_request === undefined ? {} : { lease_request }),
    ...(lease_constraints === undefined ? {} : { lease_constraints }),
  };
  const before = parent.journal?.recorded("delegate", delegate_id)?.body;
  if (before !== undefined) return resume(parent, request, before);
  let authority: Authority;
  try {
    authority = authorize(parent, request);
  } catch (thrown) {
    await parent.emit("delegate", body);
    return refuse(parent, delegate_id, ArcpError.from(thrown));
  }
  const jobId = parent.runtime.ids.mint("job");
  await parent.emit("delegate", { ...body, child_job_id: jobId });
  // The child is found again by what its parent's log says of it.
  await parent.events.settled();
  if (parent.signal.aborted) {
    authority.guard.budget.returnRest();
    throw parent.signal.reason;
  }
  try {
    const child = await start(parent, request, authority, jobId);
    return { ok: true, jobId, outcome: child.outcome };
  } catch (thrown) {
    authority.guard.budget.returnRest();
    return refuse(parent, delegate_id, ArcpError.from(thrown));
  }
}

/**
 * The delegation was recorded before a restart: its refusal stands, and so does its child. A child that was announced and
 * not stored begins now, under the id that was announced.
 */
async function resume(
  parent: JobRun,
  request: DelegationRequest,
  body: Record<string, unknown>,
): Promise<Delegation> {
  const { runtime } = parent;
  const { delegate_id } = request;
  await parent.emit("delegate", body);
  const refusal = parent.journal?.recorded("tool_result", delegate_id)?.body.error;
  if (refusal !== undefined) {
    const { code, message } = refusal as { code: WireErrorCode; message: string };
    return refuse(parent, delegate_id, new ArcpError(code, message));
  }
  const jobId = String(body.child_job_id);
  const live = runtime.runs.get(jobId);
  if (live !== undefined) return { ok: true, jobId, outcome: live.outcome };
  const stored = await runtime.persistence.jobs.get(jobId);
  if (stored !== undefined) return { ok: true, jobId, outcome: storedOutcome(runtime, stored) };
  // What was set aside for it goes back, and is then set aside as for any delegation.
  const amounts = parseAmounts(request.lease_request?.["cost.budget"] ?? []);
  new BudgetLedger(amounts, parent.guard.budget).returnRest();
  try {
    const child = await start(parent, request, authorize(parent, request), jobId);
    return { ok: true, jobId, outcome: child.outcome };
  } catch (thrown) {
    return refuse(parent, delegate_id, ArcpError.from(thrown));
  }
}

/** How a job ended that is not in this process any more, from the last entry of its log. */
async function storedOutcome(runtime: Runtime, { jobId, lastJobSeq }: JobRecord): Promise<JobOutcome> {
  const [end] = await runtime.persistence.events.readJobLog(jobId, lastJobSeq - 1, 1);
  const payload = JSON.parse(end?.payload ?? "{}") as Record<string, unknown>;
  if (end?.type === "job.result") return { status: "success", payload };
  const status =
    payload.final_status === "cancelled" || payload.final_status === "timed_out"
      ? payload.final_status
      : "error";
  const code = (payload.code ?? "INTERNAL_ERROR") as WireErrorCode;
  return { status, error: new ArcpError(code, String(payload.message ?? "the job has ended")) };
}

interface Authority {
  guard: LeaseGuard;
  name: string;
  version: string;
}

/** Everything that can be refused, decided before anything is started. The child's budget is set aside here. */
function authorize(parent: JobRun, request: DelegationRequest): Authority {
  const { runtime } = parent;
  const resolved = resolveAgent(runtime.inventory, request.agent);
  const target = resolved.ok ? `${resolved.name}@${resolved.version}` : request.agent;
  const verdict = parent.check({ namespace: "agent.delegate", target });
  if (!verdict.allowed) throw new ArcpError(verdict.code, verdict.message);
  if (!resolved.ok) throw resolved.error;
  if (parent.depth + 1 > runtime.limits.delegationDepth) {
    throw new ArcpError(
      "PERMISSION_DENIED",
      `delegation goes deeper than ${runtime.limits.delegationDepth} jobs`,
    );
  }
  if (parent.session.liveJobs >= runtime.limits.jobsPerSession) {
    throw new ArcpError("INTERNAL_ERROR", "the session runs too many jobs; wait for one to end");
  }
  const now = runtime.clock.now();
  const guard = delegateAuthority(parent.guard, request.lease_request ?? {}, request.lease_constraints, now);
  return { guard, name: resolved.name, version: resolved.version };
}

async function start(
  parent: JobRun,
  request: DelegationRequest,
  { guard, name, version }: Authority,
  jobId: string,
): Promise<JobRun> {
  const { runtime, session } = parent;
  const record = newJobRecord(runtime, {
    session,
    correlationId: parent.record.correlationId,
    agentName: name,
    agentVersion: version,
    input: request.input ?? null,
    guard,
    traceId: parent.record.traceId,
    parent,
    delegateId: request.delegate_id,
    jobId,
  });
  await provision(runtime, session, record);
  try {
    await runtime.persistence.jobs.create(record, session.epoch);
  } catch (thrown) {
    runtime.credentials?.revokeJob(jobId, record.credentialIds);
    throw thrown;
  }
  const run = registerJob(runtime, session, record, guard, parent);
  startJob(runtime, run, undefined);
  // The parent may have been told to stop while the child was being prepared.
  if (parent.signal.aborted) run.cancel("its parent job ended");
  return run;
}

async function refuse(parent: JobRun, delegateId: string, error: ArcpError): Promise<Delegation> {
  const { code, message, retryable } = error.toPayload();
  await parent.emit("tool_result", { call_id: delegateId, error: { code, message, retryable } });
  return { ok: false, error };
}
