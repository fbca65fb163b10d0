import type { SessionId } from "@pawl/core";

/** A request to look for work: in one session or in any. */
export interface RunRequest {
  readonly sessionId?: SessionId;
  /** `startup`, `poll`, the reason of a poke, or that of a completion. */
  readonly reason: string;
  /** Whether finding nothing is worth a log line: somebody said that there was something. */
  readonly traceIdle: boolean;
  /** Sessions that may be begun at once; absent: one. Only for requests without a session. */
  readonly limit?: number;
}

export type RunOutcome =
  /** Work of this session was begun, and of `others`; the end of each is told by `completeSession`. */
  | { readonly type: "submitted"; readonly sessionId: SessionId; readonly others?: readonly SessionId[] }
  | { readonly type: "idle" };

/** What the runner schedules: claims work and begins it, without waiting for its end. */
export interface RunHandle {
  runQueuedWork(request: RunRequest): Promise<RunOutcome>;
  /** Whether work of this session runs still. Without it the runner believes in every submission until its completion. */
  isRunning?(sessionId: SessionId): boolean;
  /** Begins nothing more; what runs may end until `drained`, then it is ended. Resolves, within a bound, when nothing runs. */
  stop?(options: { readonly drained: Promise<void> }): Promise<void>;
}
