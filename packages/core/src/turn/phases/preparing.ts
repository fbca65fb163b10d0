import type { TurnInput } from "../input.ts";
import { after, type Move, type TurnMachine } from "../move.ts";
import type { TurnState } from "../state.ts";
import { act } from "./act.ts";
import { takeIn } from "./at-checkpoint.ts";
import { finish } from "./finished.ts";

export function begin(
  machine: TurnMachine,
  state: TurnState,
  input: Extract<TurnInput, { type: "begin" }>,
): Move {
  const begun: TurnState = {
    ...state,
    sessionId: input.sessionId,
    turnId: input.turnId,
    base: input.base,
    ...(input.parent && { parent: input.parent }),
    timers: { wall_time: input.now + machine.config.limits.maxWallMs },
  };
  return after(takeIn(begun, input.inputs, "begin"), (s) => {
    if (input.cancel)
      return finish({ ...s, cancel: input.cancel }, { status: "cancelled", evidence: input.cancel });
    if (input.refusal) return finish(s, { status: "failed", ...input.refusal });
    return act(machine, s, machine.protocol.prepareIteration({ ...machine, state: s }), input.now);
  });
}
