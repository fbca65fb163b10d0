import { type Json, PawlError, type ProcessOperation } from "@pawl/core";
import type { EffectExecutor } from "../controller/effect-controller.ts";

/** Commands to background processes. */
export interface ProcessCommands {
  run(operation: ProcessOperation, payload: Json, options: { readonly effectId: string }): Promise<Json>;
}

/**
 * Performs `process`. A command runs detached from its caller's abort: once asked for, it is carried out. A failure that has a
 * code is an outcome; a crash of the command is `runtime_effect_process_task_join`.
 */
export function processExecutor(commands: ProcessCommands): EffectExecutor<"process"> {
  return async ({ command, effectId }) => {
    try {
      const value = await commands.run(command.operation, command.payload, { effectId });
      return { kind: "process", result: { ok: true, value } };
    } catch (thrown) {
      const { code, message } = PawlError.from(thrown, "runtime_effect_process_task_join");
      return { kind: "process", result: { ok: false, error: { code, message } } };
    }
  };
}
