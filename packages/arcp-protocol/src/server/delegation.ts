import { ArcpError } from "../errors.ts";
import { resolveAgent } from "../jobs/agent-ref.ts";
import { delegateAuthority } from "../leases/delegated-authority.ts";
import type { LeaseGuard } from "../leases/lease-guard.ts";
import type { Lease, LeaseConstraints } from "../messages/lease.ts";
import type { JobOutcome } from "./job-outcome.ts";
import type { JobRun } from "./job-run.ts";
import { newJobRecord, registerJob, startJob } from "./launch.ts";
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
  let authority: { guard: LeaseGuard; name: string; version: string };
  try {
    authority = authorize(parent, request);
  } catch (thrown) {
    await parent.emit("delegate", body);
    return refuse(parent, delegate_id, ArcpError.from(thrown));
  }
  const jobId = parent.runtime.ids.mint("job");
  await parent.emit("delegate", { ...body, child_job_id: jobId });
  try {
    const child = await start(parent, request, authority, jobId);
    return { ok: true, jobId, outcome: child.outcome };
  } catch (thrown) {
    authority.guard.budget.returnRest();
    return refuse(parent, delegate_id, ArcpError.from(thrown));
  }
}

/** Everything that can be refused, decided before anything is started. The child's budget is set aside here. */
function authorize(parent: JobRun, request: DelegationRequest) {
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
  { guard, name, version }: { guard: LeaseGuard; name: string; version: string },
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
    await runtime.persistence.jobs.create(record);
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
