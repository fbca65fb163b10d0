import type { Guard } from "../controller/journaled.ts";

/** What a turn asked to stop before it began is not begun, and the record says so (D18). */
export const cancelGuard: Guard = async ({ command }, { signal, resumed }) => {
  if (!signal.aborted) return undefined;
  if (command.kind === "tool_call") {
    // After a take-over a tool that may be repeated leaves no trace of an attempt: nobody can say.
    const certainty = resumed ? "outcome_unknown" : "before_start";
    return { kind: "tool_call", launch: { status: "done", result: { status: "cancelled", certainty } } };
  }
  if (command.kind === "model_call") {
    const message = "The call was cancelled before it began.";
    const failure = { message, retryable: false, terminalReason: "cancelled" } as const;
    return { kind: "model_call", textStreamed: false, result: { ok: false, failure } };
  }
  return undefined;
};
