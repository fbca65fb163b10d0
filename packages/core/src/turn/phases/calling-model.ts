import type { AssistantMessage } from "../../conversation/message.ts";
import type { ModelAnswer, ModelFailure } from "../../conversation/model.ts";
import type { AnswerPart, ToolCallPart } from "../../conversation/part.ts";
import { addUsage } from "../../conversation/usage.ts";
import type { OutcomeOf } from "../../effects/outcome.ts";
import { childEffectId, positionalEffectId } from "../../effects/replay-key.ts";
import type { CallId } from "../../ids.ts";
import { type LimitName, lastAnswerNote, limitReached } from "../limits.ts";
import { after, appendMessages, type Move, moveTo, type TurnMachine } from "../move.ts";
import type { TurnState } from "../state.ts";
import { act } from "./act.ts";
import { finish } from "./finished.ts";
import { appendResults, failedResult } from "./tool-results.ts";
import { waitForBudget } from "./waiting.ts";

/** Begins the next iteration, or the last answer when a limit forbids another one. */
export function nextModelCall(machine: TurnMachine, state: TurnState, now: number): Move {
  const { config } = machine;
  if (state.limit === undefined) {
    const limit = limitReached(config.limits, state);
    if (limit !== undefined) return reachLimit(machine, state, limit, now);
  }
  if (
    config.refreshTools === "iteration" &&
    state.iteration > 0 &&
    state.phase.name !== "syncing_environment"
  ) {
    const effectId = positionalEffectId(state.iteration + 1, "sync_environment", 0);
    return moveTo(
      { ...state, phase: { name: "syncing_environment", effectId } },
      { effects: [{ id: effectId, command: { kind: "sync_environment", updateMachineConfig: true } }] },
    );
  }
  return emitModelCall({ ...state, iteration: state.iteration + 1, modelAttempt: 0, checkpoints: 0 });
}

function reachLimit(machine: TurnMachine, state: TurnState, limit: LimitName, now: number): Move {
  const reached = moveTo(state, { events: [{ type: "limit.reached", limit }] });
  const payable = limit === "tokens" || limit === "cost";
  if (payable && machine.config.limits.onBudget === "wait")
    return after(reached, (s) => waitForBudget(s, limit, now));
  return after(reached, (s) => nextModelCall(machine, { ...s, limit }, now));
}

/** The same iteration asks again: the model brought nothing, and the reason may be chance. */
export function callModelAgain(machine: TurnMachine, state: TurnState, now: number): Move {
  const tried = { ...state, noProgress: state.noProgress + 1, modelAttempt: state.modelAttempt + 1 };
  const last = state.phase.name === "calling_model" && state.phase.last;
  if (last) {
    const message =
      "The model answered with nothing, also when asked for its last answer. Send the input again.";
    return finish(state, { status: "failed", code: "model_answered_nothing", message });
  }
  const limit = limitReached(machine.config.limits, tried);
  return limit === undefined ? emitModelCall(tried) : reachLimit(machine, tried, limit, now);
}

function emitModelCall(state: TurnState): Move {
  const { iteration, modelAttempt, limit } = state;
  const first = positionalEffectId(iteration, "model_call", 0);
  const id = modelAttempt === 0 ? first : childEffectId(first, modelAttempt, "again");
  const last = limit !== undefined;
  const command = {
    kind: "model_call",
    iteration,
    upTo: state.delta.length,
    toolChoice: last ? "none" : "auto",
    ...(last && { note: lastAnswerNote(limit) }),
  } as const;
  return moveTo(
    { ...state, phase: { name: "calling_model", effectId: id, last } },
    { effects: [{ id, command }] },
  );
}

export function modelSettled(
  machine: TurnMachine,
  state: TurnState,
  outcome: OutcomeOf<"model_call">,
  now: number,
): Move {
  const { result } = outcome;
  return result.ok
    ? answered(machine, state, result.answer, now)
    : failed(machine, state, result.failure, now);
}

function answered(machine: TurnMachine, state: TurnState, answer: ModelAnswer, now: number): Move {
  const parts = withUniqueCallIds(answer.parts);
  const message: AssistantMessage = { id: messageId(state), role: "assistant", parts };
  const counted = { ...state, usage: addUsage(state.usage, answer.usage) };
  const told = parts.length === 0 ? counted : appendMessages(counted, message);
  const calls = parts.filter((part): part is ToolCallPart => part.type === "tool_call");
  if (state.cancel)
    return finish(refuseAll(told, calls, "turn_cancelled"), { status: "cancelled", evidence: state.cancel });
  const last = state.phase.name === "calling_model" && state.phase.last;
  if (last && calls.length > 0) return answeredLastWithCalls(told, parts, calls);
  // The wall time ended while the answer was on its way: its calls are not begun any more.
  if (told.limit !== undefined && calls.length > 0)
    return nextModelCall(machine, refuseAll(told, calls, "limit_reached"), now);
  return act(
    machine,
    told,
    machine.protocol.modelAnswered({ ...machine, state: told }, { ...answer, parts }),
    now,
  );
}

/** The model asked for tools although it was told that there are none: its text is the answer. */
function answeredLastWithCalls(
  state: TurnState,
  parts: readonly AnswerPart[],
  calls: readonly ToolCallPart[],
): Move {
  const refused = refuseAll(state, calls, "limit_reached");
  const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  if (text.trim() !== "" && state.limit)
    return finish(refused, { status: "completed", text, limit: state.limit });
  const message = "A limit of the turn was reached and the model went on asking for tools. Raise the limit.";
  return finish(refused, { status: "failed", code: `limit_${state.limit ?? "reached"}`, message });
}

function refuseAll(state: TurnState, calls: readonly ToolCallPart[], code: string): TurnState {
  if (calls.length === 0) return state;
  return appendResults(
    state,
    calls.map((call) => failedResult(call, code, "This call was not performed.")),
  );
}

function failed(machine: TurnMachine, state: TurnState, failure: ModelFailure, now: number): Move {
  if (state.cancel) return finish(state, { status: "cancelled", evidence: state.cancel });
  // The wall-time limit aborted this call: what is left is the last answer.
  const last = state.phase.name === "calling_model" && state.phase.last;
  if (failure.terminalReason === "cancelled" && state.limit !== undefined && !last) {
    return nextModelCall(machine, state, now);
  }
  return finish(state, {
    status: "failed",
    code: failure.code ?? "model_call_failed",
    message: failure.message,
  });
}

function messageId(state: TurnState): string {
  const again = state.modelAttempt === 0 ? "" : `.${state.modelAttempt}`;
  return `${state.turnId}.${state.iteration}${again}.assistant`;
}

/** A call id that occurs twice in one answer gets a suffix, so that every result names one call (T2). */
function withUniqueCallIds(parts: readonly AnswerPart[]): readonly AnswerPart[] {
  const seen = new Set<string>();
  let changed = false;
  const unique = parts.map((part): AnswerPart => {
    if (part.type !== "tool_call") return part;
    let callId: string = part.callId;
    for (let n = 2; seen.has(callId); n++) callId = `${part.callId}#${n}`;
    seen.add(callId);
    if (callId === part.callId) return part;
    changed = true;
    return { ...part, callId: callId as CallId };
  });
  return changed ? unique : parts;
}
