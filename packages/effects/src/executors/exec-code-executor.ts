import { type Json, PawlError } from "@pawl/core";
import type { EffectExecutor } from "../controller/effect-controller.ts";
import { storable } from "../storable.ts";

/** Runs programs that a model wrote, somewhere safe. */
export interface CodeSandbox {
  readonly language: string;
  run(code: string, options: { readonly signal: AbortSignal }): Promise<Json>;
}

/** Performs `exec_code` in the sandbox of its language. Without one the outcome says what is missing. */
export function execCodeExecutor(sandboxes: readonly CodeSandbox[] = []): EffectExecutor<"exec_code"> {
  return async ({ command }, { signal }) => {
    const sandbox = sandboxes.find(({ language }) => language === command.language);
    if (sandbox === undefined) {
      const message = `This host has no sandbox for ${command.language}. Register one, or use a protocol without code.`;
      return {
        kind: "exec_code",
        result: { ok: false, error: { code: "code_sandbox_unavailable", message } },
      };
    }
    try {
      const value = storable(await sandbox.run(command.code, { signal }));
      return { kind: "exec_code", result: { ok: true, value } };
    } catch (thrown) {
      const { code, message } = PawlError.from(thrown, "code_failed");
      return { kind: "exec_code", result: { ok: false, error: { code, message } } };
    }
  };
}
