import type { EffectOutcome, Usage } from "@pawl/core";

export interface OutcomeFacts {
  /** In one word, for counting. */
  readonly outcome: string;
  readonly error?: { readonly code: string; readonly message: string };
  readonly usage?: Usage;
  readonly attributes?: Readonly<Record<string, string | number | readonly string[]>>;
}

/** What an outcome says that can be counted and shown. Messages of failures are shown, contents of answers are not. */
export function outcomeFacts(outcome: EffectOutcome): OutcomeFacts {
  if (outcome.kind === "model_call") {
    const { result } = outcome;
    if (!result.ok) {
      const { code = result.failure.terminalReason, message, terminalReason } = result.failure;
      return {
        outcome: terminalReason === "cancelled" ? "cancelled" : "error",
        error: { code, message },
      };
    }
    const { usage, model, terminalReason } = result.answer;
    return {
      outcome: "ok",
      usage,
      attributes: {
        "gen_ai.response.model": model,
        "gen_ai.response.finish_reasons": [terminalReason],
        "gen_ai.usage.input_tokens": usage.inputTokens,
        "gen_ai.usage.output_tokens": usage.outputTokens,
      },
    };
  }
  if (outcome.kind === "tool_call") {
    const { launch } = outcome;
    if (launch.status !== "done") return { outcome: launch.status };
    const { result } = launch;
    if (result.status !== "error") return { outcome: result.status };
    return { outcome: "error", error: { code: result.code, message: result.message } };
  }
  return { outcome: "ok" };
}
