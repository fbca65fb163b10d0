import {
  executionScope,
  type ProcessCommand,
  type ProcessEventBody,
  type ProcessId,
  type ProcessRecord,
  type ProcessResult,
} from "@pawl/core";
import type { Clock, Processes } from "@pawl/core/ports";
import type { AwaitEvents } from "../await-events/await-events.ts";
import { processUnknown } from "../errors.ts";
import type { ProcessCommandOptions, ProcessCommands } from "../executors/process-executor.ts";
import { awaitProcessEnd } from "./await-end.ts";
import type { ProcessRunner } from "./process-runner.ts";

const PAGE = 200;

/**
 * The commands to background tasks over a store. Each is idempotent by its key: performed again after a crash it changes nothing
 * more. A report of `delete_session` says what that performance found.
 *
 * They throw PawlError `process_unknown`, `process_ended`, `process_signal_invalid`, `process_await_stopped`, and what the store throws.
 */
export function createProcessCommands(options: {
  readonly processes: Processes;
  readonly clock: Clock;
  /** Signals answer the await-events that stand for them. Absent: nobody waits for one that way. */
  readonly awaits?: () => Promise<AwaitEvents>;
  /** What runs bodies here: what is started may begin at once, and its end is heard of without a look. */
  readonly runner?: () => Pick<ProcessRunner, "register" | "end"> | undefined;
}): ProcessCommands {
  const { processes, clock, awaits, runner = () => undefined } = options;

  /** Also for a signal that was appended by an attempt which died before it came here: the first answer stands. */
  async function answerSignal(processId: ProcessId, body: ProcessEventBody): Promise<void> {
    if (awaits === undefined || body.type !== "signal") return;
    const { name: signal, ordinal, payload } = body;
    const wait = { type: "process_signal", processId, signal, ordinal } as const;
    const by = { name: "signal", via: "host" } as const;
    await (await awaits()).settle(executionScope.process(processId), wait, { status: "ok", payload }, by);
  }

  const append = (processId: ProcessId, key: string, ...bodies: ProcessEventBody[]) =>
    processes.append({ processId, key, bodies });

  async function known(id: ProcessId): Promise<ProcessRecord> {
    const record = await processes.load(id);
    if (record === null) throw processUnknown(id);
    return record;
  }

  async function listAll(query: {
    readonly sessionId: ProcessRecord["grants"][number];
    readonly live: boolean;
  }) {
    const records: ProcessRecord[] = [];
    for (;;) {
      const after = records.at(-1)?.registration.processId;
      const page = await processes.list({ ...query, limit: PAGE, ...(after !== undefined && { after }) });
      records.push(...page);
      if (page.length < PAGE) return records;
    }
  }

  return {
    async run(command: ProcessCommand, { key, signal }: ProcessCommandOptions): Promise<ProcessResult> {
      const { operation } = command;
      switch (operation) {
        case "start": {
          const { registration, grantTo } = command;
          const grants = grantTo.map((sessionId) => ({ type: "grant_added", sessionId }) as const);
          const registered = { type: "registered", registration } as const;
          const asked = { processId: registration.processId, key, bodies: [registered, ...grants] };
          const { record } = await (runner()?.register(asked) ?? processes.append(asked));
          return { operation, record };
        }
        case "list": {
          const live = command.mode === "live";
          return { operation, records: await listAll({ sessionId: command.sessionId, live }) };
        }
        case "transfer": {
          const { from, to } = command;
          // All are known before the first is moved.
          for (const id of command.processIds) await known(id);
          const moved: ProcessId[] = [];
          for (const id of command.processIds) {
            const { events } = await append(id, key, { type: "transferred", from, to });
            if (events.length > 0) moved.push(id);
          }
          return { operation, moved };
        }
        case "delete_session": {
          const { sessionId } = command;
          const revoked: ProcessId[] = [];
          const unseen: ProcessId[] = [];
          for (const { registration } of await listAll({ sessionId, live: false })) {
            const id = registration.processId;
            const { record } = await append(id, key, { type: "grant_revoked", sessionId });
            revoked.push(id);
            if (record.end === null && record.grants.length === 0) unseen.push(id);
          }
          return { operation, report: { revoked, unseen } };
        }
        case "await": {
          const here = runner()?.end(command.processId);
          const end = await awaitProcessEnd(processes, command.processId, { clock, signal, here });
          return { operation, end };
        }
        case "cancel": {
          const { origin, reason } = command;
          const body = { type: "cancel_requested", origin, ...(reason !== undefined && { reason }) } as const;
          return { operation, record: (await append(command.processId, key, body)).record };
        }
        case "signal": {
          const { name, payload } = command;
          const { registration } = await known(command.processId);
          // Loaded with the first signal: it brings zod along, a quarter of the memory of an idle host.
          const { checkSignal } = await import("./signal-check.ts");
          checkSignal(registration.signals, name, payload);
          const { events } = await append(command.processId, key, {
            type: "signal",
            name,
            ordinal: 0,
            payload,
          });
          await answerSignal(command.processId, events[0]!.body);
          return { operation, event: events[0]! };
        }
      }
    },
  };
}
