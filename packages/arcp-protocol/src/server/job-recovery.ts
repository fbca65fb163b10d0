import { Decimal, parseAmounts } from "../budgets/amount.ts";
import { BudgetLedger } from "../budgets/budget-ledger.ts";
import { parseUtcTimestamp } from "../envelope/utc-timestamp.ts";
import { ArcpError } from "../errors.ts";
import { CompiledLease } from "../leases/compiled-lease.ts";
import { LeaseGuard } from "../leases/lease-guard.ts";
import type { JobRecord } from "../persistence/job-store.ts";
import type { HostedSession } from "./hosted-session.ts";
import type { JobRun } from "./job-run.ts";
import { registerJob } from "./launch.ts";
import type { Runtime } from "./runtime.ts";
import { provision } from "./submission.ts";

/**
 * Takes up the jobs of a session that this process has just claimed. Parents come before children, so that a child
 * finds the ledger that it was carved from. What its agent cannot resume ends with INTERNAL_ERROR, which says
 * honestly that nobody knows how far it came.
 */
export async function recoverJobs(runtime: Runtime, session: HostedSession): Promise<void> {
  const records = [...(await runtime.persistence.jobs.unfinished(session.sessionId))];
  records.sort((a, b) => a.createdAt - b.createdAt || a.jobId.localeCompare(b.jobId));
  const waiting = new Map(records.map((record) => [record.jobId, record]));
  const take = async (record: JobRecord): Promise<void> => {
    if (!waiting.delete(record.jobId) || runtime.runs.has(record.jobId)) return;
    const parent = record.parentJobId === undefined ? undefined : waiting.get(record.parentJobId);
    if (parent !== undefined) await take(parent);
    await recoverJob(runtime, session, record);
  };
  for (const record of records) await take(record);
}

async function recoverJob(runtime: Runtime, session: HostedSession, record: JobRecord): Promise<void> {
  const parent = record.parentJobId === undefined ? undefined : runtime.runs.get(record.parentJobId);
  runtime.registry.sweepTerminals((entry) => entry.jobId === record.jobId);
  const run = registerJob(runtime, session, record, restoreGuard(record, parent), parent);
  const at = record.agent.indexOf("@");
  const agent = runtime.agents.get(record.agent.slice(0, at));
  const handler = agent?.versions[record.agent.slice(at + 1)];
  if (handler === undefined || agent?.onRestart !== "rerun") {
    run.abandon(new ArcpError("INTERNAL_ERROR", "the runtime restarted while the job ran; submit it again"));
    return;
  }
  try {
    // The old credentials' values are lost with the old process; they are revoked, and the job gets new ones.
    record.credentialIds.length = 0;
    await provision(runtime, session, record);
    run.start(handler, true);
  } catch (thrown) {
    run.abandon(ArcpError.from(thrown));
  }
}

function restoreGuard(record: JobRecord, parent: JobRun | undefined): LeaseGuard {
  const budget = new BudgetLedger(parseAmounts(record.initialBudget ?? []), parent?.guard.budget);
  budget.restore(
    new Map(
      (record.budget ?? []).map((amount) => {
        const colon = amount.indexOf(":");
        return [amount.slice(0, colon), new Decimal(amount.slice(colon + 1))] as const;
      }),
    ),
  );
  const text = record.leaseConstraints?.expires_at ?? "";
  const at = parseUtcTimestamp(text);
  return new LeaseGuard(
    CompiledLease.compile(record.lease),
    budget,
    at === undefined ? undefined : { at, text },
  );
}
