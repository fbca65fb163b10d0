import {
  type Json,
  loadJsonDigest,
  PawlError,
  type ProcessCommand,
  type ProcessEnd,
  type ProcessEventBody,
  type ProcessId,
  type ProcessRecord,
  type ProcessResult,
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
import type { TaskRecord, TaskReport, TaskResult, Tasks } from "./tasks.ts";

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
