import {
  type ExecutionScope,
  type ProcessEnd,
  type ProcessId,
  processId,
  type Resolution,
  scopeSessionId,
  type WaitIdentity,
  type WaitReason,
} from "@pawl/core";
import type { Processes } from "@pawl/core/ports";
import type { AwaitEvents } from "../await-events/await-events.ts";
import type { EffectExecutor } from "../controller/effect-controller.ts";

export interface ProcessWaitsOptions {
  readonly processes: Pick<Processes, "load" | "events" | "onChange">;
  readonly awaits: () => Promise<AwaitEvents>;
}

/**
 * Lets turns wait for background tasks, parked like for anything else: for the end of one, and for its signals. The task's end marks the
 * session for wake-up in its own transaction; whoever then goes on with the turn finds the end here and settles the wait with it, so
 * that no end can be missed, however many processes died in between.
 */
export function processWaitExecutor(
  inner: EffectExecutor<"await_event">,
  { processes, awaits }: ProcessWaitsOptions,
): EffectExecutor<"await_event"> {
  return async (envelope, context) => {
    const { scope, command } = envelope;
    const about = waitedFor(command.wait, command.reason);
    if (about === undefined || context.signal.aborted) return inner(envelope, context);
    const look = async () => {
      const known = await resolutionNow(processes, scope, about);
      if (known === undefined) return;
      await (await awaits()).settle(scope, command.wait, known, { name: about.id, via: "turn" });
    };
    const unlisten = processes.onChange((id) => {
      // A hint only: what fails now is found when the turn is gone on with.
      if (id === undefined || id === about.id) look().catch(() => {});
    });
    try {
      await look();
      return await inner(envelope, context);
    } finally {
      unlisten();
    }
  };
}

type WaitedFor =
  | { readonly type: "end"; readonly id: ProcessId }
  | { readonly type: "signal"; readonly id: ProcessId; readonly name: string; readonly ordinal: number };

function waitedFor(wait: WaitIdentity, reason: WaitReason): WaitedFor | undefined {
  if (wait.type === "process_signal") {
    return { type: "signal", id: processId(wait.processId), name: wait.signal, ordinal: wait.ordinal };
  }
  if (reason.type !== "tool_pending" || reason.task === undefined) return undefined;
  return { type: "end", id: processId(reason.task) };
}

/** What is known by now; undefined: it has to be waited for. */
async function resolutionNow(
  processes: ProcessWaitsOptions["processes"],
  scope: ExecutionScope,
  about: WaitedFor,
): Promise<Resolution | undefined> {
  const record = await processes.load(about.id);
  if (record === null) return failed("process_unknown", `There is no background task "${about.id}".`);
  if (about.type === "signal") {
    if ((record.signals[about.name] ?? 0) < about.ordinal) {
      return record.end === null ? undefined : failed("process_ended", "It ended without this signal.");
    }
    for (const { body } of await processes.events(about.id)) {
      if (body.type === "signal" && body.name === about.name && body.ordinal === about.ordinal)
        return { status: "ok", payload: body.payload };
    }
    return undefined;
  }
  if (record.end !== null) return resolutionOfEnd(record.end);
  if (record.registration.wake?.sessionId === scopeSessionId(scope)) return undefined;
  // Nobody would tell this session of the end, and a turn that waits for ever is worse than one that says so.
  return failed(
    "task_wakes_elsewhere",
    `Background task "${about.id}" does not tell this session of its end: start it with { wake: run.sessionId }.`,
  );
}

/** How a background task ended, as the answer of a call that waited for it. */
export function resolutionOfEnd(end: ProcessEnd): Resolution {
  switch (end.type) {
    case "completed":
      return { status: "ok", payload: end.output };
    case "failed":
      return failed(end.error.code, end.error.message);
    case "cancelled":
      return failed("task_cancelled", "The background task was cancelled.");
    case "abandoned":
      return failed("task_abandoned", "Nobody can say how the background task ended.");
  }
}

function failed(code: string, message: string): Resolution {
  return { status: "err", payload: { code, message } };
}
