import type { ToolCallPart, ToolResultPart } from "../../conversation/part.ts";
import type { WaitReason } from "../../effects/command.ts";
import type { LeftMessage, OutcomeOf } from "../../effects/outcome.ts";
import { childEffectId, positionalEffectId } from "../../effects/replay-key.ts";
import type { EffectId } from "../../ids.ts";
import type { WaitIdentity } from "../../waits/wait-identity.ts";
import type { MachineEvent, RefusalCode } from "../event.ts";
import { after, type MachineEffect, type Move, moveTo, type TurnMachine } from "../move.ts";
import { type CallSlot, openCalls, type TurnState } from "../state.ts";
import { act } from "./act.ts";
import { forgetDelegated, handedOver, noteDelegated } from "./delegated-calls.ts";
import { finish } from "./finished.ts";
import { abandonedResult, answerOpenCalls, failedResult, resultOf, withEdit } from "./tool-results.ts";
import { openWait } from "./tool-waits.ts";
import { pauseWallTime, resumeWallTime } from "./waiting.ts";

/**
 * Begins the chosen calls of the newest answer at once; each is an effect of its own and settles by itself. Calls that the
 * protocol did not choose are answered as not run.
 */
export function runTools(
  machine: TurnMachine,
  state: TurnState,
  chosen: readonly ToolCallPart[],
  now: number,
): Move {
  const tools = state.environment?.tools ?? machine.config.tools;
  const known = new Set(tools.map((tool) => tool.name));
  const wanted = new Set(chosen.map((call) => call.callId));
  const events: MachineEvent[] = [];
  const slots = openCalls(state).map((call, index): CallSlot => {
    const refusal = wanted.has(call.callId) ? refusalOf(call, known) : NOT_RUN;
    if (refusal === undefined) return { call, index, attempt: 0, effectId: toolEffectId(state, index, 0) };
    events.push({ type: "tool.refused", callId: call.callId, name: call.name, ...refusal });
    return { call, index, attempt: 0, result: failedResult(call, refusal.code, refusal.message) };
  });
  const begun = slots.filter((slot) => slot.effectId !== undefined);
  const effects = begun.map((slot) => toolEffect(state, slot));
  const handed = noteDelegated(state, begun, tools);
  return after(moveTo(handed, { effects, events }), (s) => withSlots(machine, s, slots, now));
}

interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
}

const NOT_RUN: Refusal = {
  code: "tool_not_run",
  message: "This call was not performed. Ask for it again if it is still needed.",
};

/** So many names help a model; more fill its context with every mistake. */
const MAX_LISTED_TOOLS = 50;

function listed(names: ReadonlySet<string>): string {
  if (names.size === 0) return "none";
  const sorted = [...names].sort();
  const shown = sorted.slice(0, MAX_LISTED_TOOLS).join(", ");
  return sorted.length <= MAX_LISTED_TOOLS ? shown : `${shown} and ${sorted.length - MAX_LISTED_TOOLS} more`;
}

function refusalOf(call: ToolCallPart, known: ReadonlySet<string>): Refusal | undefined {
  if (!known.has(call.name)) {
    return { code: "tool_unknown", message: `There is no tool "${call.name}". Tools: ${listed(known)}.` };
  }
  if (call.malformed) {
    return {
      code: "tool_input_invalid",
      message: "The arguments were not valid JSON. Send a JSON object.",
    };
  }
  return undefined;
}

export function toolEffectId(state: TurnState, index: number, attempt: number): EffectId {
  const first = positionalEffectId(state.iteration, "tool_call", index);
  return attempt === 0 ? first : childEffectId(first, attempt, "attempt");
}

/** Of the position without the attempt: a tool that is performed again sees the same key. */
export function callKey(state: TurnState, { index }: CallSlot): string {
  return `${state.turnId}/${positionalEffectId(state.iteration, "tool_call", index)}`;
}

function toolEffect(state: TurnState, slot: CallSlot): MachineEffect {
  const { callId, name } = slot.call;
  const input = slot.approved?.input ?? slot.call.input;
  return {
    id: toolEffectId(state, slot.index, slot.attempt),
    command: {
      kind: "tool_call",
      callId,
      name,
      input,
      attempt: slot.attempt,
      idempotencyKey: callKey(state, slot),
      ...(slot.approved && { approvedBy: slot.approved.by }),
    },
  };
}

export function toolSettled(
  machine: TurnMachine,
  state: TurnState,
  slot: CallSlot,
  outcome: OutcomeOf<"tool_call">,
  now: number,
): Move {
  const { launch, outbox } = outcome;
  if (outbox !== undefined && launch.status !== "ambiguous") {
    return toolSettled(machine, leave(machine, state, outbox), slot, { kind: outcome.kind, launch }, now);
  }
  switch (launch.status) {
    case "done": {
      const { result } = launch;
      // An agent that was refused never began; of one that was told to stop nobody knows.
      const known = result.status === "cancelled" ? state : forgetDelegated(state, slot.call.callId);
      return settle(machine, known, slot, resultOf(slot.call, result), now);
    }
    case "pending": {
      const { note, onCancel, task } = launch;
      const reason: WaitReason = {
        type: "tool_pending",
        callId: slot.call.callId,
        tool: slot.call.name,
        ...(note !== undefined && { note }),
        ...(onCancel !== undefined && { onCancel }),
        ...(task !== undefined && { task }),
      };
      return openWait(machine, state, slot, { ...launch, reason }, now);
    }
    case "not_begun":
      return state.cancel || state.limit
        ? settle(
            machine,
            state,
            slot,
            resultOf(slot.call, { status: "cancelled", certainty: "before_start" }),
            now,
          )
        : performAgain(machine, state, slot, now);
    case "delegated":
      return handedOver(machine, state, slot, launch, now);
    case "needs_approval": {
      const { callId, name, input } = slot.call;
      const { argumentHash, policyHash, expiresAt } = launch;
      const wait: WaitIdentity = {
        type: "custom",
        key: `approval:${toolEffectId(state, slot.index, 0)}:${slot.attempt}`,
      };
      const reason: WaitReason = { type: "approval", callId, tool: name, input, argumentHash, policyHash };
      const deadline = expiresAt === undefined ? {} : { deadline: expiresAt };
      return openWait(machine, state, slot, { wait, reason, onTimeout: "tell_model", ...deadline }, now);
    }
    case "ambiguous": {
      const { callId, name } = slot.call;
      const input = slot.approved?.input ?? slot.call.input;
      const { attempt } = slot;
      const wait: WaitIdentity = {
        type: "custom",
        key: `did_it_happen:${toolEffectId(state, slot.index, 0)}:${attempt}`,
      };
      const { noAfter } = launch;
      const known = { ...(noAfter !== undefined && { noAfter }), ...(outbox && { left: outbox.length }) };
      const reason: WaitReason = { type: "did_it_happen", callId, tool: name, input, attempt, ...known };
      const left = outbox && { left: outbox };
      return openWait(machine, state, slot, { wait, reason, onTimeout: "tell_model", ...left }, now);
    }
  }
}

/** Notes what a call that happened left for the world outside; a dry run leaves nothing. */
export function leave(
  { config }: TurnMachine,
  state: TurnState,
  messages: readonly LeftMessage[] | undefined,
): TurnState {
  if (messages === undefined || config.dryRun) return state;
  return { ...state, left: [...(state.left ?? []), ...messages] };
}

/** The next attempt of a call, of which is known that it did not happen. */
export function performAgain(machine: TurnMachine, state: TurnState, slot: CallSlot, now: number): Move {
  const attempt = slot.attempt + 1;
  const { call, index, approved } = slot;
  const effectId = toolEffectId(state, index, attempt);
  const next: CallSlot = { call, index, attempt, effectId, ...(approved && { approved }) };
  return after(moveTo(state, { effects: [toolEffect(state, next)] }), (s) =>
    withSlots(machine, s, replaceSlot(s, next), now),
  );
}

/** A call has its result. */
export function settle(
  machine: TurnMachine,
  state: TurnState,
  slot: CallSlot,
  result: ToolResultPart,
  now: number,
): Move {
  const { call, index, attempt } = slot;
  const settled: CallSlot = { call, index, attempt, result: withEdit(slot, result) };
  return withSlots(machine, state, replaceSlot(state, settled), now);
}

export function replaceSlot(state: TurnState, slot: CallSlot): readonly CallSlot[] {
  const slots = "slots" in state.phase ? state.phase.slots : [];
  return slots.map((old) => (old.index === slot.index ? slot : old));
}

/** Where the turn stands with these slots: working, waiting, or done with this answer. */
export function withSlots(
  machine: TurnMachine,
  state: TurnState,
  slots: readonly CallSlot[],
  now: number,
): Move {
  const open = slots.filter((slot) => slot.effectId !== undefined);
  if (open.length === 0) return allSettled(machine, resumeWallTime(state, now), slots, now);
  if (open.every((slot) => slot.wait !== undefined)) {
    return moveTo({ ...pauseWallTime(state, now), phase: { name: "waiting", slots } });
  }
  return moveTo({ ...resumeWallTime(state, now), phase: { name: "running_tools", slots } });
}

function allSettled(machine: TurnMachine, state: TurnState, slots: readonly CallSlot[], now: number): Move {
  if (state.cancel) {
    const withResults: TurnState = { ...state, phase: { name: "running_tools", slots } };
    return finish(withResults, { status: "cancelled", evidence: state.cancel });
  }
  const results = slots.flatMap((slot) => slot.result ?? []);
  const progress = results.some((result) => result.status === "ok");
  const counted = { ...state, noProgress: progress ? 0 : state.noProgress + 1 };
  const paired = answerOpenCalls(counted, "tool_not_run", (call) =>
    results.find((result) => result.callId === call.callId),
  );
  return after(paired, (s) =>
    act(machine, s, machine.protocol.toolsAnswered({ ...machine, state: s }, results), now),
  );
}

/** Lets go of the calls for which `which` holds: they may still happen, and nobody here will learn of it. */
export function letGo(slots: readonly CallSlot[], which: (slot: CallSlot) => boolean): readonly CallSlot[] {
  return slots.map((slot) => {
    if (slot.effectId === undefined || !which(slot)) return slot;
    const { call, index, attempt } = slot;
    return { call, index, attempt, result: abandonedResult(slot) };
  });
}
