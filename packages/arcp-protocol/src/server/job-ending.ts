import { ArcpError, isWireErrorCode } from "../errors.ts";
import type { JobState } from "../jobs/job-state.ts";

/** Why a job is being ended before its agent is done. */
export interface JobEnding {
  readonly state: Extract<JobState, "cancelled" | "timed_out" | "failed">;
  readonly error: ArcpError;
}

export function cancelled(reason: string | undefined): JobEnding {
  const because = reason === undefined || reason === "" ? "" : `: ${reason}`;
  return { state: "cancelled", error: new ArcpError("CANCELLED", `the job was cancelled${because}`) };
}

export function timedOut(): JobEnding {
  const error = new ArcpError("TIMEOUT", "the job exceeded its max_runtime_sec");
  return { state: "timed_out", error };
}

export function leaseExpired(): JobEnding {
  const message = "the job's lease has expired; submit it again with a later one";
  return { state: "failed", error: new ArcpError("LEASE_EXPIRED", message) };
}

/** What an agent threw says how its job ends. */
export function endingOf(thrown: unknown): JobEnding {
  const error = ArcpError.from(thrown);
  if (error.wireCode === "CANCELLED") return { state: "cancelled", error };
  if (error.wireCode === "TIMEOUT") return { state: "timed_out", error };
  return {
    state: "failed",
    error: isWireErrorCode(error.wireCode) ? error : ArcpError.from(new Error(error.message)),
  };
}

/** Shared: every job ends, and an error of its own would cost each a stack trace that nobody reads. */
export const JOB_ENDED = new ArcpError("CANCELLED", "the job has ended");
