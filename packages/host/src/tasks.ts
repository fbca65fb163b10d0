import {
  type AbandonEvidence,
  type InferSchema,
  type Json,
  loadJsonDigest,
  PawlError,
  type ProcessCommand,
  type ProcessEnd,
  type ProcessEventBody,
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
import { processUnknown } from "@pawl/effects/processes";
import type { StartableTask } from "./external-task.ts";
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

export interface TasksOptions {
  /** Whose background tasks: those that none of its sessions sees are unknown to it. */
  readonly names: SessionNames;
  readonly processes: Pick<Processes, "load" | "list" | "append">;
  /** Those that can be started by name. */
  readonly startable: readonly StartableTask<Schema>[];
  readonly commands: ProcessCommands;
  readonly newId: NewId;
  readonly hold: () => () => void;
  /** Lets this host run what is there. */
  readonly poke: () => void;
}

export function createTasks({
  names,
  processes,
  startable,
  commands,
  newId,
  hold,
  poke,
}: TasksOptions): Tasks {
  /** Its id, when it is there for this caller. */
  async function seen(text: string): Promise<ProcessId> {
    const id = processId(text);
    if (names.owner !== undefined) await loadSeen(text);
    return id;
  }

  async function loadSeen(text: string): Promise<ProcessRecord> {
    const id = processId(text);
    const record = await processes.load(id);
    if (record !== null && (names.owner === undefined || record.grants.some(names.sees))) return record;
    throw processUnknown(id);
  }

  async function listAll(live: boolean): Promise<readonly ProcessRecord[]> {
    const records: ProcessRecord[] = [];
    for (;;) {
      const after = records.at(-1)?.registration.processId;
      const page = await processes.list({ live, limit: PAGE, ...(after !== undefined && { after }) });
      records.push(...page);
      if (page.length < PAGE) break;
    }
    return names.owner === undefined ? records : records.filter(({ grants }) => grants.some(names.sees));
  }

  async function run<Operation extends ProcessCommand["operation"]>(
    command: Extract<ProcessCommand, { operation: Operation }>,
    options: { readonly key?: string; readonly signal?: AbortSignal } = {},
  ): Promise<Extract<ProcessResult, { operation: Operation }>> {
    const { key = newId(), signal } = options;
    const result = await commands.run(command, { key, ...(signal && { signal }) });
    return result as Extract<ProcessResult, { operation: Operation }>;
  }

  const tasks: Tasks = {
    async startNamed(name, input, options) {
      const task = startable.find((one) => one.name === name);
      if (task !== undefined) return tasks.start(task, input, options);
      const known = startable.map((one) => one.name).join(", ") || "none";
      throw new PawlError("task_unknown", `This host has no background task "${name}". It has: ${known}.`);
    },
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
      if (session === undefined) return (await listAll(!all)).map((record) => viewOf(record, names));
      const mode = all ? "all" : "live";
      const { records } = await run<"list">({ operation: "list", sessionId: names.stored(session), mode });
      return records.map((record) => viewOf(record, names));
    },
    get: async (id) => viewOf(await loadSeen(id), names),
    async transfer(ids, { from, to }) {
      const processIds = await Promise.all(ids.map(seen));
      const sessions = { from: names.stored(from), to: names.stored(to) };
      return (await run<"transfer">({ operation: "transfer", ...sessions, processIds })).moved;
    },
    async deleteSession(session) {
      const command = { operation: "delete_session", sessionId: names.stored(session) } as const;
      return (await run<"delete_session">(command)).report;
    },
    async report(id, report, { idempotencyKey = newId() } = {}) {
      const known = await seen(id);
      const bodies = [bodyOf(report)];
      const { record } = await processes.append({
        processId: known,
        key: `report ${idempotencyKey}`,
        bodies,
      });
      return viewOf(record, names);
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
  return tasks;
}

const PAGE = 200;

function bodyOf(report: TaskReport): ProcessEventBody {
  if ("progress" in report) return { type: "progress", value: report.progress, wake: report.wake === true };
  switch (report.status) {
    case "completed":
      return { type: "completed", output: report.output };
    case "failed":
      return { type: "failed", error: { code: report.code, message: report.message } };
    case "cancelled":
      return { type: "cancelled" };
    case "abandoned": {
      const { by, note } = report;
      return { type: "abandoned", evidence: { type: "reported", by, ...(note !== undefined && { note }) } };
    }
  }
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
