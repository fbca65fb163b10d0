import type { Guard } from "../controller/journaled.ts";
import { onCrashOf } from "../controller/on-crash.ts";
import { refusalOutcome } from "./refusal.ts";

/** What a turn asked to stop before it began is not begun, and the record says so (D18). */
export const cancelGuard: Guard = async (envelope, context) => {
  const { command } = envelope;
  if (!context.signal.aborted) return undefined;
  if (command.kind === "tool_call") {
    // After a take-over a tool that may be repeated leaves no trace of an attempt: nobody can say. One that may not would have left
    // its intent, and then no guard would be asked.
    const traceless = context.resumed === true && onCrashOf(envelope, context) === "retry";
    const certainty = traceless ? "outcome_unknown" : "before_start";
    return { kind: "tool_call", launch: { status: "done", result: { status: "cancelled", certainty } } };
  }
  if (command.kind === "model_call") {
    const message = "The call was cancelled before it began.";
    const failure = { message, retryable: false, terminalReason: "cancelled" } as const;
    return { kind: "model_call", textStreamed: false, result: { ok: false, failure } };
  }
  if (command.kind === "exec_code" || command.kind === "direct_model_call") {
    return refusalOutcome(command, {
      code: "turn_cancelled",
      message: "It was told to stop before it began; nothing happened.",
    });
  }
  return undefined;
};
