import { type AssistantMessage, textOf } from "../../conversation/message.ts";
import type { ModelAnswer, ModelFailure } from "../../conversation/model.ts";
import type { AnswerPart, ToolCallPart } from "../../conversation/part.ts";
import { addUsage } from "../../conversation/usage.ts";
import type { OutcomeOf } from "../../effects/outcome.ts";
import { childEffectId, positionalEffectId } from "../../effects/replay-key.ts";
import type { CallId } from "../../ids.ts";
import { type LimitName, lastAnswerNote, limitReached } from "../limits.ts";
import { after, appendMessages, type Move, moveTo, type TurnMachine } from "../move.ts";
import type { TurnState } from "../state.ts";
import { withoutTimer } from "../timers.ts";
import { act } from "./act.ts";
import { finish } from "./finished.ts";
import { answerOpenCalls } from "./tool-results.ts";
import { usedCallIds } from "./used-call-ids.ts";
import { waitForBudget } from "./waiting.ts";

/** Begins the next iteration, or the last answer when a limit forbids another one. */
export function nextModelCall(machine: TurnMachine, state: TurnState, now: number): Move {
  const { config } = machine;
  if (state.limit === undefined) {
    const limit = limitReached(config.limits, state);
    if (limit !== undefined) return reachLimit(machine, state, limit, now);
  }
  // The last answer has no tools to refresh.
  const refresh = config.refreshTools === "iteration" && state.limit === undefined && state.iteration > 0;
  if (refresh && state.phase.name !== "syncing_environment") {
    const effectId = positionalEffectId(state.iteration + 1, "sync_environment", 0);
    return moveTo(
      { ...state, phase: { name: "syncing_environment", effectId } },
      { effects: [{ id: effectId, command: { kind: "sync_environment", updateMachineConfig: true } }] },
    );
  }
  return emitModelCall({
    ...state,
    iteration: state.iteration + 1,
    modelAttempt: 0,
    checkpoints: 0,
    programs: 0,
  });
}

function reachLimit(machine: TurnMachine, state: TurnState, limit: LimitName, now: number): Move {
  const reached = moveTo(state, { events: [{ type: "limit.reached", limit }] });
  const payable = limit === "tokens" || limit === "cost";
  if (payable && machine.config.limits.onBudget === "wait")
    return after(reached, (s) => waitForBudget(s, limit, now));
  return after(reached, (s) => nextModelCall(machine, { ...s, limit }, now));
}

/**
 * The same iteration asks again: the model brought nothing, and the reason may be chance. The answer leaves the transcript:
 * providers refuse blank messages, and take one at the end for the beginning of their own.
 */
export function callModelAgain(machine: TurnMachine, state: TurnState, now: number): Move {
  const blank = state.delta.at(-1)?.id === messageId(state);
  const unsaid = blank ? { ...state, delta: state.delta.slice(0, -1) } : state;
  const last = state.phase.name === "calling_model" && state.phase.last;
  if (last) {
    const message =
      "The model answered with nothing, also when asked for its last answer. Send the input again.";
    return finish(unsaid, { status: "failed", code: "model_answered_nothing", message });
  }
  const tried = { ...unsaid, noProgress: state.noProgress + 1, modelAttempt: state.modelAttempt + 1 };
  const limit = state.limit === undefined ? limitReached(machine.config.limits, tried) : undefined;
  return limit === undefined ? emitModelCall(tried) : reachLimit(machine, tried, limit, now);
}

/** Once in a turn: a model that does not find the form at the second time will not find it at the third. */
const MAX_OUTPUT_REPAIRS = 1;
/** What of its wrong answer the model is shown again, in characters. */
const REPAIRED_CHARS = 4_000;

/** The answer does not fit its schema: it leaves the transcript, and the model is told what was wrong with it. */
export function repairOutput(state: TurnState, issue: string): Move {
  const { outputRepairs = 0 } = state;
  if (outputRepairs >= MAX_OUTPUT_REPAIRS) {
    const message = `The answer does not fit the schema that was asked for, at the second time neither: ${issue}`;
    return finish(state, { status: "failed", code: "output_invalid", message });
  }
  const newest = state.delta.at(-1);
  const answer = newest?.id === messageId(state) ? newest : undefined;
  const unsaid = answer === undefined ? state : { ...state, delta: state.delta.slice(0, -1) };
  const was =
    answer === undefined ? "" : ` It was:\n${textOf(answer).slice(0, REPAIRED_CHARS).toWellFormed()}`;
  const note = `Your last answer did not fit the JSON Schema: ${issue}\nAnswer again with JSON that fits it, and nothing else.${was}`;
  const again = { ...unsaid, outputRepairs: outputRepairs + 1, modelAttempt: state.modelAttempt + 1 };
  return emitModelCall(again, note);
}

function emitModelCall(state: TurnState, repair?: string): Move {
  const { iteration, modelAttempt, limit } = state;
  const first = positionalEffectId(iteration, "model_call", 0);
  const id = modelAttempt === 0 ? first : childEffectId(first, modelAttempt, "again");
  const last = limit !== undefined;
  const command = {
    kind: "model_call",
    iteration,
    upTo: state.delta.length,
    toolChoice: last ? "none" : "auto",
    ...noteOf(last ? lastAnswerNote(limit) : undefined, repair),
  } as const;
  // What was aborted has settled or was written off.
  const timers = last ? withoutTimer(state.timers, "limit_grace") : state.timers;
  return moveTo(
    { ...state, timers, phase: { name: "calling_model", effectId: id, last } },
    { effects: [{ id, command }] },
  );
}

function noteOf(...sentences: readonly (string | undefined)[]): { readonly note?: string } {
  const said = sentences.filter((sentence) => sentence !== undefined);
  return said.length === 0 ? {} : { note: said.join("\n\n") };
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
  const parts = withUniqueCallIds(state, answer.parts);
  const message: AssistantMessage = { id: messageId(state), role: "assistant", parts };
  const counted = { ...state, usage: addUsage(state.usage, answer.usage) };
  const told = parts.length === 0 ? counted : appendMessages(counted, message);
  const calls = parts.filter((part): part is ToolCallPart => part.type === "tool_call");
  if (state.cancel) return finish(told, { status: "cancelled", evidence: state.cancel });
  const last = state.phase.name === "calling_model" && state.phase.last;
  if (last && calls.length > 0) return answeredLastWithCalls(machine, told, parts);
  // The wall time ended while the answer was on its way: its calls are not begun any more.
  if (told.limit !== undefined && calls.length > 0) {
    return after(answerOpenCalls(told, "limit_reached"), (s) => nextModelCall(machine, s, now));
  }
  return act(
    machine,
    told,
    machine.protocol.modelAnswered({ ...machine, state: told }, { ...answer, parts }),
    now,
  );
}

/** The model asked for tools although it was told that there are none: its text, or its structured answer, counts. */
function answeredLastWithCalls(
  { config }: TurnMachine,
  state: TurnState,
  parts: readonly AnswerPart[],
): Move {
  const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  const structured = parts.find((part) => part.type === "structured");
  if (state.limit && (structured || (text.trim() !== "" && config.output === undefined))) {
    const output = structured && { output: structured.value };
    return finish(state, { status: "completed", text, ...output, limit: state.limit });
  }
  const message = "A limit of the turn was reached and the model went on asking for tools. Raise the limit.";
  return finish(state, { status: "failed", code: `limit_${state.limit ?? "reached"}`, message });
}

function failed(machine: TurnMachine, state: TurnState, failure: ModelFailure, now: number): Move {
  if (state.cancel) return finish(state, { status: "cancelled", evidence: state.cancel });
  // The wall-time limit aborted this call, and providers name an abort in many ways: what is left is the last answer.
  const last = state.phase.name === "calling_model" && state.phase.last;
  if (state.limit !== undefined && !last) return nextModelCall(machine, state, now);
  // The call did not fit into what is left of the budget (D13): a person may grant more, but is asked only while it helps.
  if (!last && failure.code === "budget_exhausted" && machine.config.limits.onBudget === "wait") {
    return reachLimit(machine, state, "cost", now);
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

/**
 * A call id that is blank or occurs twice in the turn gets a suffix, so that every result names one call (T2). Small models
 * begin to count anew in each answer.
 */
function withUniqueCallIds(state: TurnState, parts: readonly AnswerPart[]): readonly AnswerPart[] {
  if (!parts.some((part) => part.type === "tool_call")) return parts;
  const used = usedCallIds(state.delta);
  const here = new Set<string>();
  let changed = false;
  const unique = parts.map((part): AnswerPart => {
    if (part.type !== "tool_call") return part;
    const given = part.callId.trim() === "" ? "call" : part.callId;
    let callId: string = given;
    for (let n = 2; used.has(callId) || here.has(callId); n++) callId = `${given}#${n}`;
    here.add(callId);
    if (callId === part.callId) return part;
    changed = true;
    return { ...part, callId: callId as CallId };
  });
  return changed ? unique : parts;
}
