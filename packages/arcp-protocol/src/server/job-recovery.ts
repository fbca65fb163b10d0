import { Decimal, parseAmounts } from "../budgets/amount.ts";
import { BudgetLedger } from "../budgets/budget-ledger.ts";
import { parseUtcTimestamp } from "../envelope/utc-timestamp.ts";
import { ArcpError } from "../errors.ts";
import { CompiledLease } from "../leases/compiled-lease.ts";
import { LeaseGuard } from "../leases/lease-guard.ts";
import type { JobLogEntry } from "../persistence/event-store.ts";
import type { JobRecord } from "../persistence/job-store.ts";
import type { HostedSession } from "./hosted-session.ts";
import type { JobRun } from "./job-run.ts";
import { findAgent, findHandler, registerJob } from "./launch.ts";
import type { Runtime } from "./runtime.ts";
import { provision } from "./submission.ts";

/** Entries of a log that are read at once. */
const LOG_PAGE = 1000;

/**
 * Takes up the jobs of a session that this process has just claimed. Parents come before children, so that a child
 * finds the ledger that it was carved from, and all are there before the first of them runs, so that a parent finds its
 * children. What its agent cannot resume ends with INTERNAL_ERROR, which says honestly that nobody knows how far it came.
 */
export async function recoverJobs(runtime: Runtime, session: HostedSession): Promise<void> {
  const records = [...(await runtime.persistence.jobs.unfinished(session.sessionId))];
  records.sort((a, b) => a.createdAt - b.createdAt || a.jobId.localeCompare(b.jobId));
  const waiting = new Map(records.map((record) => [record.jobId, record]));
  const goOn: (() => Promise<void>)[] = [];
  const take = async (record: JobRecord): Promise<void> => {
    if (!waiting.delete(record.jobId) || runtime.runs.has(record.jobId)) return;
    const parent = record.parentJobId === undefined ? undefined : waiting.get(record.parentJobId);
    if (parent !== undefined) await take(parent);
    goOn.push(await recoverJob(runtime, session, record));
  };
  for (const record of records) await take(record);
  for (const begin of goOn) await begin();
}

/** Registers the job; what is returned lets it go on. */
async function recoverJob(
  runtime: Runtime,
  session: HostedSession,
  record: JobRecord,
): Promise<() => Promise<void>> {
  const parent = record.parentJobId === undefined ? undefined : runtime.runs.get(record.parentJobId);
  runtime.registry.sweepTerminals((entry) => entry.jobId === record.jobId);
  const agent = findAgent(runtime, record);
  const recorded = agent?.onRestart === "resume" ? await readWholeLog(runtime, record) : [];
  const run = registerJob(runtime, session, record, restoreGuard(record, parent), parent, recorded);
  return async () => {
    if (run.over) return;
    const cancelReason = record.cancelReason ?? (await cancelledWithParent(runtime, record));
    const handler = findHandler(runtime, record);
    if (cancelReason !== undefined) {
      // What it has begun elsewhere is to be cancelled too, and only its handler knows how.
      if (handler === undefined || agent?.onRestart !== "rerun") return run.finishCancelled(cancelReason);
      run.start(handler, true);
      run.cancel(cancelReason);
      return;
    }
    if (handler === undefined || (agent?.onRestart ?? "fail") === "fail" || recorded === undefined) {
      run.abandon(
        new ArcpError("INTERNAL_ERROR", "the runtime restarted while the job ran; submit it again"),
      );
      return;
    }
    try {
      // The old credentials' values are lost with the old process; they are revoked, and the job gets new ones.
      runtime.credentials?.revokeJob(record.jobId, record.credentialIds.splice(0));
      await provision(runtime, session, record);
      run.start(handler, true);
    } catch (thrown) {
      run.abandon(ArcpError.from(thrown));
    }
  };
}

/** Undefined when its beginning is not there any more: nobody can know then what the job had done. */
async function readWholeLog(runtime: Runtime, record: JobRecord): Promise<JobLogEntry[] | undefined> {
  const entries: JobLogEntry[] = [];
  while (entries.length < record.lastJobSeq) {
    const page = await runtime.persistence.events.readJobLog(record.jobId, entries.length, LOG_PAGE);
    if (page.length === 0 || page[0]?.jobSeq !== entries.length + 1) return undefined;
    entries.push(...page);
  }
  return entries;
}

/** A parent that was made to end takes its children with it; this one may not have been told any more. */
async function cancelledWithParent(runtime: Runtime, record: JobRecord): Promise<string | undefined> {
  if (record.parentJobId === undefined || runtime.runs.has(record.parentJobId)) return undefined;
  const parent = await runtime.persistence.jobs.get(record.parentJobId);
  return parent?.state === "cancelled" || parent?.state === "timed_out" ? "its parent job ended" : undefined;
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
