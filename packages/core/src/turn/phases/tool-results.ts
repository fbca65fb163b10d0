import type { ToolMessage } from "../../conversation/message.ts";
import type { ToolCallPart, ToolResultPart } from "../../conversation/part.ts";
import type { ToolOutcome } from "../../effects/outcome.ts";
import type { Resolution } from "../../waits/wait-identity.ts";
import { appendMessages } from "../move.ts";
import type { CallSlot, TurnState } from "../state.ts";

/** A call's result as the model and the transcript see it. */
export function resultOf(call: ToolCallPart, outcome: ToolOutcome): ToolResultPart {
  const base = { type: "tool_result", callId: call.callId, name: call.name } as const;
  switch (outcome.status) {
    case "ok":
      return { ...base, status: "ok", output: outcome.output };
    case "error": {
      const { code, message } = outcome;
      const output =
        outcome.output === undefined ? { code, message } : { code, message, output: outcome.output };
      return { ...base, status: "error", output };
    }
    case "cancelled":
      return outcome.certainty === "outcome_unknown"
        ? unknownResult(call)
        : {
            ...base,
            status: "cancelled",
            output: { code: "tool_cancelled", message: CANCELLED[outcome.certainty] },
          };
  }
}

const CANCELLED = {
  before_start: "The call was cancelled before it began; nothing happened.",
  confirmed: "The tool confirmed that it stopped.",
} as const;

export function unknownResult(call: ToolCallPart): ToolResultPart {
  return {
    type: "tool_result",
    callId: call.callId,
    name: call.name,
    status: "unknown",
    output: {
      code: "tool_outcome_unknown",
      message: "Nobody can say whether this call happened. Do not assume that it did or that it did not.",
    },
  };
}

export function failedResult(call: ToolCallPart, code: string, message: string): ToolResultPart {
  return resultOf(call, { status: "error", code, message });
}

/** What came of a tool that had answered "later". */
export function resultOfPending(call: ToolCallPart, resolution: Resolution): ToolResultPart {
  switch (resolution.status) {
    case "ok":
      return resultOf(call, { status: "ok", output: resolution.payload });
    case "err":
      return failedResult(call, resolution.payload.code, resolution.payload.message);
    case "timeout":
      return failedResult(call, "tool_timeout", "The tool did not answer in time. It may still be working.");
    case "cancelled":
      return resultOf(call, { status: "cancelled", certainty: "confirmed" });
  }
}

/** Appends the results of an answer as one message, in the order of its calls. */
export function appendResults(state: TurnState, results: readonly ToolResultPart[]): TurnState {
  const message: ToolMessage = {
    id: `${state.turnId}.${state.iteration}.tool`,
    role: "tool",
    parts: results,
  };
  return appendMessages(state, message);
}

/** Pairs the calls that have no result yet when a turn ends early. What had begun is unknown, the rest did not happen. */
export function answerOpenCalls(state: TurnState, code: "turn_cancelled" | "turn_ended"): TurnState {
  if (!("slots" in state.phase)) return state;
  return appendResults(
    state,
    state.phase.slots.map((slot) => slot.result ?? openResult(slot, code)),
  );
}

function openResult(slot: CallSlot, code: string): ToolResultPart {
  if (slot.effectId !== undefined) return unknownResult(slot.call);
  return failedResult(slot.call, code, "The turn ended before this call began; nothing happened.");
}
