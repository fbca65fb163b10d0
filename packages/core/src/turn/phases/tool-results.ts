import type { ToolMessage } from "../../conversation/message.ts";
import type { ToolCallPart, ToolResultPart } from "../../conversation/part.ts";
import type { OutcomeOf, ToolOutcome } from "../../effects/outcome.ts";
import type { Resolution } from "../../waits/wait-identity.ts";
import type { MachineEvent, RefusalCode } from "../event.ts";
import { appendMessages, type Move, moveTo } from "../move.ts";
import { type CallSlot, openCalls, type TurnState } from "../state.ts";

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
            output: {
              code: "tool_cancelled",
              message: CANCELLED[outcome.certainty],
              certainty: outcome.certainty,
            },
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

/** What is known of a call that nobody waits for any more: one that stood on an approval was not begun, others may have happened. */
export function abandonedResult(slot: CallSlot): ToolResultPart {
  return slot.wait?.reason.type === "approval"
    ? resultOf(slot.call, { status: "cancelled", certainty: "before_start" })
    : withEdit(slot, unknownResult(slot.call));
}

/** The model must know that what was done, or may have been, is not what it had asked for. */
export function withEdit({ approved }: CallSlot, result: ToolResultPart): ToolResultPart {
  if (approved?.input === undefined) return result;
  const note = "A person changed the arguments before approving this call.";
  return { ...result, output: { note, arguments: approved.input, result: result.output } };
}

export function failedResult(call: ToolCallPart, code: string, message: string): ToolResultPart {
  return resultOf(call, { status: "error", code, message });
}

/** What came of a tool that had answered "later". A wait that was let go says nothing about the tool behind it. */
export function resultOfPending(call: ToolCallPart, resolution: Resolution): ToolResultPart {
  switch (resolution.status) {
    case "ok":
      return resultOf(call, { status: "ok", output: resolution.payload });
    case "err":
      return failedResult(call, resolution.payload.code, resolution.payload.message);
    case "timeout":
      return failedResult(call, "tool_timeout", "The tool did not answer in time. It may still be working.");
    case "cancelled":
      return unknownResult(call);
  }
}

/** What came of a program that stands for a call. */
export function resultOfCode(call: ToolCallPart, { result }: OutcomeOf<"exec_code">): ToolResultPart {
  return result.ok
    ? resultOf(call, { status: "ok", output: result.value })
    : failedResult(call, result.error.code, result.error.message);
}

const REFUSALS: { readonly [Code in RefusalCode]?: string } = {
  tool_not_run: "This call was not performed. Ask for it again if it is still needed.",
  turn_cancelled: "The turn was cancelled before this call began; nothing happened.",
  turn_ended: "The turn ended before this call began; nothing happened.",
  limit_reached: "A limit of the turn was reached before this call began; nothing happened.",
};

/**
 * Answers every open call, so that no transcript carries an unpaired one (T2): with what `known` says of it, else as
 * refused. The results are one message, in the order of the calls.
 */
export function answerOpenCalls(
  state: TurnState,
  code: RefusalCode,
  known: (call: ToolCallPart) => ToolResultPart | undefined = () => undefined,
): Move {
  const calls = openCalls(state);
  if (calls.length === 0) return moveTo(state);
  const events: MachineEvent[] = [];
  const results = calls.map((call) => {
    const result = known(call);
    if (result !== undefined) return result;
    const message = REFUSALS[code] ?? "This call was not performed.";
    events.push({ type: "tool.refused", callId: call.callId, name: call.name, code, message });
    return failedResult(call, code, message);
  });
  return moveTo(appendResults(state, results), { events });
}

function appendResults(state: TurnState, results: readonly ToolResultPart[]): TurnState {
  const again = state.modelAttempt === 0 ? "" : `.${state.modelAttempt}`;
  const message: ToolMessage = {
    id: `${state.turnId}.${state.iteration}${again}.tool`,
    role: "tool",
    parts: results,
  };
  return appendMessages(state, message);
}
