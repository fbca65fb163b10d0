import type { ToolCallPart, ToolResultPart } from "../../conversation/part.ts";
import type { ToolDefinition } from "../../conversation/tool-definition.ts";
import { addUsage } from "../../conversation/usage.ts";
import type { ChildEnd, ToolLaunch } from "../../effects/outcome.ts";
import type { CallId } from "../../ids.ts";
import type { Resolution } from "../../waits/wait-identity.ts";
import type { Move, TurnMachine } from "../move.ts";
import type { TurnOutcome } from "../outcome.ts";
import type { CallSlot, DelegatedCall, TurnState } from "../state.ts";
import { callKey, settle } from "./running-tools.ts";
import { failedResult, resultOf, resultOfPending } from "./tool-results.ts";
import { openWait } from "./tool-waits.ts";

/** From the moment on in which such a call may begin, somebody may work for this turn: its end must reach them. */
export function noteDelegated(
  state: TurnState,
  slots: readonly CallSlot[],
  tools: readonly ToolDefinition[],
): TurnState {
  const delegates = new Set(tools.filter((tool) => tool.delegate).map((tool) => tool.name));
  if (delegates.size === 0) return state;
  const handed = slots
    .filter(({ call }) => delegates.has(call.name))
    .map((slot): DelegatedCall => ({ callId: slot.call.callId, key: callKey(state, slot) }));
  return handed.length === 0 ? state : { ...state, delegated: [...(state.delegated ?? []), ...handed] };
}

/** The call has its result: nobody works on it any more. */
export function forgetDelegated(state: TurnState, callId: CallId): TurnState {
  if (state.delegated?.some((call) => call.callId === callId) !== true) return state;
  const { delegated, ...rest } = state;
  const left = delegated.filter((call) => call.callId !== callId);
  return left.length === 0 ? rest : { ...rest, delegated: left };
}

/** Another agent works on the call: the turn waits for the end of that turn, and sets its budget aside (D13). */
export function handedOver(
  machine: TurnMachine,
  state: TurnState,
  slot: CallSlot,
  { child, deadline }: Extract<ToolLaunch, { status: "delegated" }>,
  now: number,
): Move {
  const { agent, sessionId, turnId, reserved } = child;
  const { callId, name } = slot.call;
  return openWait(
    machine,
    state,
    slot,
    {
      wait: { type: "child_turn", sessionId, turnId },
      reason: { type: "agent", callId, tool: name, agent, sessionId, turnId },
      onTimeout: "tell_model",
      reserved,
      ...(deadline !== undefined && { deadline }),
    },
    now,
  );
}

/** The agent's turn has ended: what it spent is this turn's, and what was left of its budget is free again. */
export function toldOfAgent(
  machine: TurnMachine,
  state: TurnState,
  slot: CallSlot,
  resolution: Resolution,
  now: number,
): Move {
  const { call } = slot;
  const known = forgetDelegated(state, call.callId);
  if (resolution.status !== "ok") return settle(machine, known, slot, resultOfPending(call, resolution), now);
  const { outcome, usage } = resolution.payload as unknown as ChildEnd;
  const counted = { ...known, usage: addUsage(known.usage, usage) };
  return settle(machine, counted, slot, resultOfAgent(call, outcome), now);
}

/** A failure is for the model to deal with: it may try another way. */
function resultOfAgent(call: ToolCallPart, outcome: TurnOutcome): ToolResultPart {
  switch (outcome.status) {
    case "completed":
      return resultOf(call, { status: "ok", output: outcome.output ?? outcome.text });
    case "failed":
      return failedResult(call, outcome.code, `The agent did not succeed. ${outcome.message}`);
    case "cancelled": {
      const { reason } = outcome.evidence;
      const because = reason === undefined ? "" : ` Reason: ${reason}`;
      return failedResult(
        call,
        "agent_cancelled",
        `The agent was told to stop before it was done.${because}`,
      );
    }
  }
}
