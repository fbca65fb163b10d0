import type { AbandonEvidence, InferSchema, Json, ProcessRecord, ProcessStatus, Schema } from "@pawl/core";
import type { StartableTask } from "./external-task.ts";

export interface StartTaskOptions {
  /** This session sees it, see `list`. A principal's own view of the host needs one. */
  readonly session?: string;
  /** This session is told of the end, and of progress that wakes: a turn that waits looks again. */
  readonly wake?: string;
  /** The same key, task and input again gives the same background task; another input is `store_conflict`. */
  readonly idempotencyKey?: string;
}

/** How a background task ended. A union by `status`. */
export type TaskResult =
  | { readonly status: "completed"; readonly output: Json }
  | { readonly status: "failed"; readonly code: string; readonly message: string }
  | { readonly status: "cancelled" }
  /** Nobody can say how it ended; this is the proof that it did. */
  | { readonly status: "abandoned"; readonly evidence: AbandonEvidence };

export interface TaskRecord {
  readonly id: string;
  readonly name: string;
  readonly input: Json;
  readonly status: ProcessStatus;
  /** Sessions that see it. */
  readonly sessions: readonly string[];
  /** How often a host took it up to enter its body; one that then dies before it came to that has used one, too. */
  readonly attempts: number;
  /** The latest that it told. */
  readonly progress: Json;
  /** Somebody asked for its end. */
  readonly cancel: ProcessRecord["cancel"];
  /** Null until it has ended. */
  readonly result: TaskResult | null;
  /** Milliseconds since the epoch by the store's clock. */
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/**
 * Work beside turns that lasts: it goes on after a crash on any host that has its body among its `tasks`. Each method throws PawlError
 * `process_unknown` for an id that nobody started.
 */
export interface Tasks {
  /** Durable when it resolves. @throws PawlError `process_input_invalid`, `store_conflict` */
  start<Input extends Schema>(
    task: StartableTask<Input>,
    input: InferSchema<Input>,
    options?: StartTaskOptions,
  ): Promise<TaskRecord>;
  /** The same for one of the host's `tasks`, by its name. @throws PawlError `task_unknown` */
  startNamed(name: string, input: Json, options?: StartTaskOptions): Promise<TaskRecord>;
  /** Those that a session sees, or all that there are; `all` also those that have ended. */
  list(session?: string, options?: { readonly all?: boolean }): Promise<readonly TaskRecord[]>;
  get(id: string): Promise<TaskRecord>;
  /** Lets another session see them in place of the first. @returns ids of those that were moved */
  transfer(
    ids: readonly string[],
    between: { readonly from: string; readonly to: string },
  ): Promise<readonly string[]>;
  /** Takes a session's sight of all of its background tasks; they go on. */
  deleteSession(session: string): Promise<TaskSessionReport>;
  /**
   * For `externalTask`s: whoever runs one elsewhere tells how far it is, and how it ended. @throws PawlError `process_not_owner` for a
   * task that hosts run themselves, `process_ended`
   */
  report(id: string, report: TaskReport, options?: { readonly idempotencyKey?: string }): Promise<TaskRecord>;
  /** @returns how many signals of this name it has now. @throws PawlError `process_signal_invalid`, `process_ended` */
  signal(
    id: string,
    name: string,
    payload: Json,
    options?: { readonly idempotencyKey?: string },
  ): Promise<{ readonly ordinal: number }>;
  /** Resolves when it has ended, wherever it runs. Aborting `signal` rejects and cancels nothing. */
  result(id: string, options?: { readonly signal?: AbortSignal }): Promise<TaskResult>;
  /** Asks for its end: its body is told, and may clean up. @throws PawlError `process_ended` */
  cancel(id: string, options?: { readonly reason?: string; readonly origin?: string }): Promise<TaskRecord>;
}

export interface TaskSessionReport {
  /** Background tasks that the session saw. */
  readonly revoked: readonly string[];
  /** Those of them that go on and that no session sees any more. */
  readonly unseen: readonly string[];
}

/** What is told of an external task. `abandoned`: nobody can say how it ended, and `by` answers for that. */
export type TaskReport =
  | { readonly progress: Json; readonly wake?: boolean }
  | { readonly status: "completed"; readonly output: Json }
  | { readonly status: "failed"; readonly code: string; readonly message: string }
  | { readonly status: "cancelled" }
  | { readonly status: "abandoned"; readonly by: string; readonly note?: string };
