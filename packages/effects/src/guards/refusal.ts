import type { EffectCommand, EffectOutcome, ErrorFacts } from "@pawl/core";

/**
 * A guard's "no" as the outcome of the effect that it refused, or undefined for effects that no guard refuses: a checkpoint or
 * a wait costs nothing and does nothing to the world.
 */
export function refusalOutcome(command: EffectCommand, error: ErrorFacts): EffectOutcome | undefined {
  switch (command.kind) {
    case "tool_call":
      return { kind: "tool_call", launch: { status: "done", result: { status: "error", ...error } } };
    case "model_call":
      return { kind: "model_call", textStreamed: false, result: { ok: false, failure: failure(error) } };
    case "direct_model_call":
      return { kind: "direct_model_call", result: { ok: false, failure: failure(error) } };
    case "exec_code":
      return { kind: "exec_code", result: { ok: false, error } };
    case "process":
      return { kind: "process", result: { ok: false, error } };
    default:
      return undefined;
  }
}

function failure(error: ErrorFacts) {
  return { ...error, retryable: false, terminalReason: "provider_error" } as const;
}
