import {
  BudgetLedger,
  CompiledLease,
  effectCheck,
  LeaseGuard,
  parseAmounts,
  parseUtcTimestamp,
} from "@pawl/arcp-protocol";
import type { JobRecord } from "@pawl/arcp-protocol/persistence";
import { inputIdsOfTurn, type JobId, type Json, type TurnId } from "@pawl/core";
import type { Operation, OperationCheck, Store } from "@pawl/core/ports";
import { jobRecordOf } from "./persistence/job-document.ts";

/** Turns that are remembered with their jobs; the oldest go first. */
const KNOWN_TURNS = 10_000;

/**
 * What a job's lease allows, asked where the effects of its turn are performed, on whichever node that is. A turn that is no job's,
 * because it came over HTTP or the command line, has no lease. Turns that other agents run for a job are under its lease too.
 */
export function jobGrants(store: Pick<Store, "inbox" | "jobs">): OperationCheck {
  const jobOfTurn = new Map<string, JobId | null>();

  async function findJob(turnId: string): Promise<JobId | null> {
    const known = jobOfTurn.get(turnId);
    if (known !== undefined) return known;
    const found = await lookUp(turnId as TurnId);
    jobOfTurn.set(turnId, found);
    for (const oldest of jobOfTurn.keys()) {
      if (jobOfTurn.size <= KNOWN_TURNS) break;
      jobOfTurn.delete(oldest);
    }
    return found;
  }

  async function lookUp(turnId: TurnId): Promise<JobId | null> {
    for (const inputId of inputIdsOfTurn(turnId)) {
      const input = await store.inbox.load(inputId);
      if (input === null) continue;
      const parent = parentOf(input.content.environment);
      if (parent !== undefined) return findJob(parent);
      const key = input.idempotencyKey;
      if (key?.startsWith("job_") !== true) return null;
      return (await store.jobs.load(key as JobId)) === null ? null : (key as JobId);
    }
    return null;
  }

  return {
    async check(operation: Operation, now: number) {
      const jobId = await findJob(operation.turnId);
      if (jobId === null) return { allowed: true };
      const job = await store.jobs.load(jobId);
      // A lease that nobody can read any more allows nothing.
      if (job === null)
        return { allowed: false, code: "LEASE_EXPIRED", message: "the job is not kept any more" };
      return effectCheck(guardOf(jobRecordOf(job))).check(operation, now);
    },
  };
}

/** The turn for which this one works, as the host notes it with the input that began it. */
function parentOf(environment: Json | undefined): string | undefined {
  if (typeof environment !== "object" || environment === null || Array.isArray(environment)) return undefined;
  const { parent } = environment as { readonly parent?: Json };
  if (typeof parent !== "object" || parent === null || Array.isArray(parent)) return undefined;
  const { turnId } = parent as { readonly turnId?: Json };
  return typeof turnId === "string" ? turnId : undefined;
}

function guardOf({ lease, leaseConstraints, budget, initialBudget }: JobRecord): LeaseGuard {
  const ledger = new BudgetLedger(parseAmounts(initialBudget ?? []));
  // What is left may be below zero: then nothing is.
  ledger.restore(parseAmounts((budget ?? []).map((amount) => amount.replace(/:-.*/, ":0"))));
  const text = leaseConstraints?.expires_at ?? "";
  const at = parseUtcTimestamp(text);
  return new LeaseGuard(CompiledLease.compile(lease), ledger, at === undefined ? undefined : { at, text });
}
