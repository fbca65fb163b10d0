import type { WaitReason } from "../../effects/command.ts";
import type { LeftMessage, Reserved } from "../../effects/outcome.ts";
import { childEffectId } from "../../effects/replay-key.ts";
import type { EffectId } from "../../ids.ts";
import type { Json } from "../../json.ts";
import { readApproval } from "../../waits/approval-decision.ts";
import type { Resolution, WaitIdentity } from "../../waits/wait-identity.ts";
import { after, type Move, moveTo, type TurnMachine } from "../move.ts";
import type { CallSlot, TurnState } from "../state.ts";
import { toldOfAgent } from "./delegated-calls.ts";
import { finish } from "./finished.ts";
import { leave, performAgain, replaceSlot, settle, toolEffectId, withSlots } from "./running-tools.ts";
import { abandonedResult, failedResult, resultOf, resultOfPending, unknownResult } from "./tool-results.ts";

interface WaitRequest {
  readonly wait: WaitIdentity;
  readonly reason: WaitReason;
  readonly deadline?: number;
  readonly onTimeout: "tell_model" | "fail_turn";
  readonly reserved?: Reserved;
  readonly left?: readonly LeftMessage[];
}

/** Stands a call on a wait. */
export function openWait(
  machine: TurnMachine,
  state: TurnState,
  slot: CallSlot,
  request: WaitRequest,
  now: number,
): Move {
  // A turn that is stopping or out of time opens no wait: what was begun is unknown, what needs approval was not begun.
  if (state.cancel || state.limit) {
    const { reason, onTimeout } = request;
    return settle(machine, state, slot, abandonedResult({ ...slot, wait: { reason, onTimeout } }), now);
  }
  const { wait, reason, deadline, onTimeout, reserved, left } = request;
  const stand = { reason, onTimeout, ...(reserved && { reserved }), ...(left && { left }) };
  const effectId = childEffectId(toolEffectId(state, slot.index, slot.attempt), 0, "wait");
  const command = { kind: "await_event", wait, reason, ...(deadline !== undefined && { deadline }) } as const;
  const opened = moveTo(state, {
    effects: [{ id: effectId, command }],
    events: [{ type: "wait.opened", effectId, reason }],
  });
  return after(opened, (s) => withSlots(machine, s, replaceSlot(s, { ...slot, effectId, wait: stand }), now));
}

export function waitSettled(
  machine: TurnMachine,
  state: TurnState,
  slot: CallSlot,
  resolution: Resolution,
  now: number,
): Move {
  const type = slot.wait?.reason.type;
  if (type === "did_it_happen") return toldWhetherItHappened(machine, state, slot, resolution, now);
  if (type === "approval") return toldOfApproval(machine, state, slot, resolution, now);
  if (type === "agent") return toldOfAgent(machine, state, slot, resolution, now);
  if (resolution.status === "timeout" && slot.wait?.onTimeout === "fail_turn") {
    const message = `The tool "${slot.call.name}" did not answer in time, and the turn depends on it.`;
    return finish(state, { status: "failed", code: "tool_timeout", message });
  }
  return settle(machine, state, slot, resultOfPending(slot.call, resolution), now);
}

/** Yes with the result, no (perform it again), or nobody knows. Only with a yes what the attempt left goes out (D23). */
function toldWhetherItHappened(
  machine: TurnMachine,
  state: TurnState,
  slot: CallSlot,
  resolution: Resolution,
  now: number,
): Move {
  const answer = resolution.status === "ok" ? resolution.payload : null;
  if (typeof answer === "object" && answer !== null && "happened" in answer) {
    if (answer.happened === true) {
      const output = answer.output ?? null;
      const done = leave(machine, state, slot.wait?.left);
      return settle(machine, done, slot, resultOf(slot.call, { status: "ok", output }), now);
    }
    if (answer.happened === false) return performAgain(machine, state, slot, now);
  }
  return settle(machine, state, slot, unknownResult(slot.call), now);
}

/** Approved, approved with other arguments, denied, expired, cancelled: five different things to the model. */
function toldOfApproval(
  machine: TurnMachine,
  state: TurnState,
  slot: CallSlot,
  resolution: Resolution,
  now: number,
): Move {
  const { call } = slot;
  const refused = (code: string, message: string) =>
    settle(machine, state, slot, failedResult(call, code, message), now);
  if (resolution.status === "err") return refused(resolution.payload.code, resolution.payload.message);
  const by = slot.effectId;
  const decided = by === undefined ? undefined : readApproval(resolution);
  switch (by && decided?.decision) {
    case "approved":
      return performAgain(machine, state, { ...slot, approved: { by: by as EffectId } }, now);
    case "edited":
      return performAgain(
        machine,
        state,
        { ...slot, approved: { by: by as EffectId, input: decided?.input as Json } },
        now,
      );
    case "denied": {
      const reason = decided?.reason === undefined ? "" : ` Reason: ${decided.reason}`;
      return refused("approval_denied", `A person denied this call. It was not made.${reason}`);
    }
    case "expired":
      return refused(
        "approval_expired",
        "Nobody approved this call in time. It was not made; it was not denied either.",
      );
    case "cancelled": {
      const result = resultOf(call, { status: "cancelled", certainty: "before_start" });
      return settle(machine, state, slot, result, now);
    }
  }
  return refused(
    "approval_unreadable",
    "The answer to the approval could not be read. The call was not made.",
  );
}
