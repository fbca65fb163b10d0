import type { UserMessage } from "../../conversation/message.ts";
import type { CheckpointKind } from "../../effects/command.ts";
import type { OutcomeOf, SteeredInput } from "../../effects/outcome.ts";
import { after, appendMessages, type Move, moveTo, type TurnMachine } from "../move.ts";
import type { TurnState } from "../state.ts";
import { act } from "./act.ts";
import { finish } from "./finished.ts";

/** Inputs enter the transcript as messages of the user; the events say where each was consumed (D19). */
export function takeIn(
  state: TurnState,
  inputs: readonly SteeredInput[],
  boundary: "begin" | CheckpointKind,
): Move {
  const messages = inputs.map(
    (input): UserMessage => ({
      id: `${state.turnId}.user.${input.inputId}`,
      role: "user",
      parts: input.parts,
    }),
  );
  const consumed = [...state.consumed, ...inputs.map((input) => input.inputId)];
  return moveTo(appendMessages({ ...state, consumed }, ...messages), {
    events: inputs.map((input) => ({ type: "input.consumed", inputId: input.inputId, boundary })),
  });
}

export function checkpointSettled(
  machine: TurnMachine,
  state: TurnState,
  outcome: OutcomeOf<"checkpoint">,
  now: number,
): Move {
  if (state.phase.name !== "at_checkpoint") return moveTo(state);
  const { then, checkpoint } = state.phase;
  const steered = takeIn(state, outcome.inputs, checkpoint);
  return after(steered, (s) => {
    if (s.cancel) return finish(s, { status: "cancelled", evidence: s.cancel });
    // Late input opens a finished turn again; the limits hold for what follows.
    if (then.type === "finish" && outcome.inputs.length === 0) return finish(s, then.outcome);
    return act(machine, s, machine.protocol.prepareIteration({ ...machine, state: s }), now);
  });
}
