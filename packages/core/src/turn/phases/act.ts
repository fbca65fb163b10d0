import type { CheckpointKind } from "../../effects/command.ts";
import { positionalEffectId } from "../../effects/replay-key.ts";
import { type Move, moveTo, type TurnMachine } from "../move.ts";
import type { TurnOutcome } from "../outcome.ts";
import type { TurnAction } from "../protocols/turn-protocol.ts";
import type { AfterCheckpoint, TurnState } from "../state.ts";
import { callModelAgain, nextModelCall } from "./calling-model.ts";
import { finish } from "./finished.ts";
import { runTools } from "./running-tools.ts";

/** Carries out what the protocol decided. */
export function act(machine: TurnMachine, state: TurnState, action: TurnAction, now: number): Move {
  switch (action.type) {
    case "call_model":
      return nextModelCall(machine, state, now);
    case "call_model_again":
      return callModelAgain(machine, state, now);
    case "run_tools":
      return runTools(machine, state, action.calls, now);
    case "execute_code":
      return executeCode(state, action.language, action.code);
    case "next_iteration":
      // After a limit there is nothing to steer: only the last answer is left.
      if (state.limit !== undefined) return nextModelCall(machine, state, now);
      return openCheckpoint(state, "after_work", { type: "next_iteration" });
    case "complete": {
      const { text, output } = action;
      const outcome: TurnOutcome = {
        status: "completed",
        text,
        ...(output !== undefined && { output }),
        ...(state.limit !== undefined && { limit: state.limit }),
      };
      if (state.limit !== undefined) return finish(state, outcome);
      return openCheckpoint(state, "before_completion", { type: "finish", outcome });
    }
    case "fail":
      return finish(state, { status: "failed", code: action.code, message: action.message });
  }
}

function openCheckpoint(state: TurnState, checkpoint: CheckpointKind, then: AfterCheckpoint): Move {
  const effectId = positionalEffectId(state.iteration, "checkpoint", state.checkpoints);
  return moveTo(
    {
      ...state,
      checkpoints: state.checkpoints + 1,
      phase: { name: "at_checkpoint", effectId, checkpoint, then },
    },
    { effects: [{ id: effectId, command: { kind: "checkpoint", checkpoint } }] },
  );
}

function executeCode(state: TurnState, language: string, code: string): Move {
  const effectId = positionalEffectId(state.iteration, "exec_code", 0);
  return moveTo(
    { ...state, phase: { name: "executing_code", effectId } },
    { effects: [{ id: effectId, command: { kind: "exec_code", language, code } }] },
  );
}
