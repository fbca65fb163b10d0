import type { SessionId } from "@pawl/core";

/** A request to look for work: in one session or in any. */
export interface RunRequest {
  readonly sessionId?: SessionId;
  /** `startup`, `poll`, the reason of a poke, or that of a completion. */
  readonly reason: string;
  /** Whether finding nothing is worth a log line: somebody said that there was something. */
  readonly traceIdle: boolean;
}

export type RunOutcome =
  /** Work of this session was begun; its end is told by `completeSession`. */
  { readonly type: "submitted"; readonly sessionId: SessionId } | { readonly type: "idle" };

/** What the runner schedules: claims work and begins it, without waiting for its end. */
export interface RunHandle {
  runQueuedWork(request: RunRequest): Promise<RunOutcome>;
}
