import { type ModelRequest, PawlError } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import type { EffectExecutor } from "../controller/effect-controller.ts";
import { callModel } from "./model-executor.ts";

export interface DirectModelOptions {
  /** Puts the bytes of attachments where the model expects them. Called here and nowhere earlier: records carry references only. */
  readonly resolveAttachments?: (request: ModelRequest) => Promise<ModelRequest>;
}

/** Performs `direct_model_call`: one answer outside of a turn's loop. */
export function directModelExecutor(
  model: Model,
  options: DirectModelOptions = {},
): EffectExecutor<"direct_model_call"> {
  const resolve = options.resolveAttachments ?? (async (request) => request);
  return async ({ command }, { signal, onText }) => {
    let request: ModelRequest;
    try {
      request = await resolve(command.request);
    } catch (cause) {
      const { message } = PawlError.from(cause);
      const failure = {
        message: `An attachment could not be had: ${message}`,
        retryable: false,
        code: "attachment_resolution_failed",
        terminalReason: "provider_error",
      } as const;
      return { kind: "direct_model_call", result: { ok: false, failure } };
    }
    return {
      kind: "direct_model_call",
      result: await callModel(() => model, request, { signal, onText: onText ?? (() => {}) }),
    };
  };
}
