import { isPawlError, type Json, PawlError, jobId as toJobId } from "@pawl/core";
import type { Store, JobRecord as StoredJob } from "@pawl/core/ports";
import type { Host } from "@pawl/host";
import type { Job, JobDetails, Jobs, Principal } from "@pawl/http";
import { viewOf } from "./agents/turn-agents.ts";
import { readTurnInput } from "./agents/turn-input.ts";
import { jobRecordOf } from "./persistence/job-document.ts";
import { entryOf } from "./persistence/log-entry.ts";
import { wireId } from "./wire-id.ts";

export interface VisibleJobsOptions {
  readonly store: Pick<Store, "jobs">;
  readonly host: Host;
  /** Asks for the end of a job that runs in this process. False when it does not. */
  readonly cancelHere?: (jobId: string, reason: string | undefined) => Promise<boolean>;
}

/**
 * ARCP's jobs as principals see them from outside of ARCP: each its own, the operator all. What works for a job is a turn, so a job
 * that another process holds is ended through its turn, and that process tells of it.
 */
export function visibleJobs({
  store: { jobs },
  host,
  cancelHere = async () => false,
}: VisibleJobsOptions): (principal: Principal) => Jobs {
  return (principal) => {
    const mine = principal.operator === true ? undefined : wireId(ownerOf(principal));

    async function load(id: string): Promise<StoredJob | null> {
      try {
        const job = await jobs.load(toJobId(id));
        return mine === undefined || job?.principal === mine ? job : null;
      } catch (error) {
        // What cannot be an id names nothing.
        if (isPawlError(error, "invalid_id") || isPawlError(error, "not_storable")) return null;
        throw error;
      }
    }

    return {
      async list({ limit, live }) {
        const found = await jobs.list({
          limit,
          newestFirst: true,
          ...(live !== undefined && { live }),
          ...(mine !== undefined && { principals: [mine] }),
        });
        return found.map(summaryOf);
      },
      async find(id) {
        const job = await load(id);
        return job === null ? null : detailsOf(job);
      },
      async cancel(id, { origin, reason }) {
        const job = await load(id);
        if (job === null) return null;
        if (!job.live) return { status: "ended", job: summaryOf(job) };
        if (await cancelHere(id, reason)) return { status: "requested", job: summaryOf(job) };
        const turn = await turnOf(job);
        if (turn !== null) {
          await turn.cancel({ origin, ...(reason !== undefined && { reason }) });
          return { status: "requested", job: summaryOf(job) };
        }
        const now = await jobs.load(job.jobId);
        if (now !== null && !now.live) return { status: "ended", job: summaryOf(now) };
        throw new PawlError(
          "job_held_elsewhere",
          `Job "${id}" is run by another process and has no turn through which it could be ended from here. Ask its own server, or again in a moment.`,
          { blame: "peer" },
        );
      },
    };
  };

  async function detailsOf(job: StoredJob): Promise<JobDetails> {
    const { input, lease, budget } = jobRecordOf(job);
    const [turn, last] = await Promise.all([
      turnOf(job),
      job.live || job.head === 0 ? [] : jobs.events(job.jobId, { after: job.head - 1, limit: 1 }),
    ]);
    const end = Array.isArray(last) ? last[0] : undefined;
    return {
      ...summaryOf(job),
      turn: turn === null ? null : { sessionId: turn.sessionId, turnId: turn.id },
      input: (input ?? null) as Json,
      lease: lease as Json,
      ...(budget !== undefined && { budget }),
      outcome: end === undefined ? null : (JSON.parse(entryOf(end).payload) as Json),
    };
  }

  /** The turn that works for it, if it is an agent of the host's and has begun. */
  async function turnOf(job: StoredJob) {
    const { input } = jobRecordOf(job);
    const session = sessionNameOf(input, job.jobId);
    if (session === undefined) return null;
    const handle = viewOf(host, job.principal).session(session);
    const turn = await handle.turnOf(job.jobId);
    return turn === null ? null : { id: turn.id, sessionId: handle.id, cancel: turn.cancel };
  }
}

function ownerOf({ name, tenant }: Principal) {
  return { principal: name, ...(tenant !== undefined && { tenant }) };
}

/** Undefined for the input of an agent that is none of the host's. */
function sessionNameOf(input: unknown, jobId: string): string | undefined {
  try {
    return readTurnInput(input).session ?? jobId;
  } catch {
    return undefined;
  }
}

function summaryOf(job: StoredJob): Job {
  const { jobId, agent, status, live, principal, sessionId, idempotencyKey, createdAt, endedAt } = job;
  return {
    jobId,
    agent,
    status,
    live,
    principal,
    protocolSessionId: sessionId,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    createdAt,
    endedAt,
  };
}
