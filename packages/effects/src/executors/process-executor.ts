import { type Json, PawlError, type ProcessCommand, type ProcessResult } from "@pawl/core";
import type { EffectExecutor } from "../controller/effect-controller.ts";
import { storable } from "../storable.ts";

export interface ProcessCommandOptions {
  /** The same key and command again changes nothing and says the same. Unique in the store. */
  readonly key: string;
  /** Bounds `await`; the other commands are carried out whatever becomes of it. */
  readonly signal?: AbortSignal;
}

/** Commands to background processes. */
export interface ProcessCommands {
  run(command: ProcessCommand, options: ProcessCommandOptions): Promise<ProcessResult>;
}

/**
 * Performs `process`. A command runs detached from its caller's abort: once asked for, it is carried out; only waiting for an
 * end stops with it. A failure that has a code is an outcome; a crash of the command is `runtime_effect_process_task_join`.
 */
export function processExecutor(commands: ProcessCommands): EffectExecutor<"process"> {
  return async ({ command: { command }, replayKey }, { signal }) => {
    try {
      const result = await commands.run(command, { key: replayKey, signal });
      return { kind: "process", result: { ok: true, value: storable(result) as unknown as Json } };
    } catch (thrown) {
      const { code, message } = PawlError.from(thrown, "runtime_effect_process_task_join");
      return { kind: "process", result: { ok: false, error: { code, message } } };
    }
  };
}
