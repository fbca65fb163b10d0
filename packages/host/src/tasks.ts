import {
  type AbandonEvidence,
  type InferSchema,
  type Json,
  loadJsonDigest,
  PawlError,
  type ProcessCommand,
  type ProcessEnd,
  type ProcessId,
  type ProcessRecord,
  type ProcessResult,
  type ProcessStatus,
  processId,
  type Schema,
  sessionPrefix,
  validate,
} from "@pawl/core";
import type { NewId, Processes } from "@pawl/core/ports";
import type { ProcessCommands } from "@pawl/effects";
import { type DefinedProcess, processUnknown, type SignalSchemas } from "@pawl/effects/processes";
import type { SessionNames } from "./session-names.ts";

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
  /** How often its body was entered. */
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
  start<Input extends Schema, Output extends Json, Signals extends SignalSchemas>(
    task: DefinedProcess<Input, Output, Signals>,
    input: InferSchema<Input>,
    options?: StartTaskOptions,
  ): Promise<TaskRecord>;
  /** Those that a session sees; `all` also those that have ended. */
  list(session: string, options?: { readonly all?: boolean }): Promise<readonly TaskRecord[]>;
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

export interface TasksOptions {
  /** Whose background tasks: those that none of its sessions sees are unknown to it. */
  readonly names: SessionNames;
  readonly load: Processes["load"];
  readonly commands: ProcessCommands;
  readonly newId: NewId;
  readonly hold: () => () => void;
  /** Lets this host run what is there. */
  readonly poke: () => void;
}

export function createTasks({ names, load, commands, newId, hold, poke }: TasksOptions): Tasks {
  /** Its id, when it is there for this caller. */
  async function seen(text: string): Promise<ProcessId> {
    const id = processId(text);
    if (names.owner === undefined) return id;
    const record = await load(id);
    if (record?.grants.some(names.sees)) return id;
    throw processUnknown(id);
  }

  async function run<Operation extends ProcessCommand["operation"]>(
    command: Extract<ProcessCommand, { operation: Operation }>,
    options: { readonly key?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Extract<ProcessResult, { operation: Operation }>> {
    const { key = newId(), signal } = options;
    const result = await commands.run(command, { key, ...(signal && { signal }) });
    return result as Extract<ProcessResult, { operation: Operation }>;
  }

  return {
    async start(task, input, { session, wake, idempotencyKey } = {}) {
      const checked = await validate(task.input, input);
      if (!checked.ok) {
        const message = `The input does not fit background task "${task.name}": ${checked.message}`;
        throw new PawlError("process_input_invalid", message);
      }
      if (names.owner !== undefined && session === undefined) {
        const message = "A background task of a principal belongs to a session: say which one sees it.";
        throw new PawlError("task_session_missing", message);
      }
      // Keys of two owners have nothing to do with one another.
      const whose = names.owner && { owner: sessionPrefix(names.owner) };
      const name =
        idempotencyKey === undefined
          ? newId()
          : await digestOf({ task: task.name, key: idempotencyKey, ...whose });
      const { record } = await run<"start">(
        {
          operation: "start",
          registration: {
            processId: processId(`task_${name}`),
            name: task.name,
            // As it was handed in: it is checked again where it runs.
            input: input as Json,
            disposition: task.disposition,
            signals: task.declarations,
            wake: wake === undefined ? null : { sessionId: names.stored(wake) },
          },
          grantTo: session === undefined ? [] : [names.stored(session)],
        },
        { key: "start" },
      );
      poke();
      return viewOf(record, names);
    },
    async list(session, { all = false } = {}) {
      const mode = all ? "all" : "live";
      const { records } = await run<"list">({ operation: "list", sessionId: names.stored(session), mode });
      return records.map((record) => viewOf(record, names));
    },
    async signal(id, name, payload, { idempotencyKey } = {}) {
      const command = { operation: "signal", processId: await seen(id), name, payload } as const;
      const { event } = await run<"signal">(
        command,
        idempotencyKey === undefined ? {} : { key: `signal ${idempotencyKey}` },
      );
      return { ordinal: event.body.type === "signal" ? event.body.ordinal : 0 };
    },
    async result(id, { signal } = {}) {
      poke();
      const release = hold();
      try {
        const command = { operation: "await", processId: await seen(id) } as const;
        return resultOf((await run<"await">(command, signal ? { signal } : {})).end);
      } finally {
        release();
      }
    },
    async cancel(id, { reason, origin = "host" } = {}) {
      const { record } = await run<"cancel">({
        operation: "cancel",
        processId: await seen(id),
        origin,
        ...(reason !== undefined && { reason }),
      });
      return viewOf(record, names);
    },
  };
}

function viewOf(record: ProcessRecord, names: SessionNames): TaskRecord {
  const { registration, grants, end, status, attempts, progress, cancel } = record;
  return {
    id: registration.processId,
    name: registration.name,
    input: registration.input,
    status,
    sessions: grants.filter(names.sees).map(names.shown),
    attempts,
    progress,
    cancel,
    result: end === null ? null : resultOf(end),
    createdAt: record.registeredAt,
    startedAt: record.startedAt,
    endedAt: record.endedAt,
  };
}

function resultOf(end: ProcessEnd): TaskResult {
  switch (end.type) {
    case "completed":
      return { status: end.type, output: end.output };
    case "failed":
      return { status: end.type, ...end.error };
    case "cancelled":
      return { status: end.type };
    case "abandoned":
      return { status: end.type, evidence: end.evidence };
  }
}

async function digestOf(value: Json): Promise<string> {
  return (await loadJsonDigest())(value).slice(0, 32);
}
