import type { CheckpointKind } from "../../effects/command.ts";
import { positionalEffectId } from "../../effects/replay-key.ts";
import type { CallId } from "../../ids.ts";
import { after, type Move, moveTo, type TurnMachine } from "../move.ts";
import type { TurnOutcome } from "../outcome.ts";
import type { TurnAction } from "../protocols/turn-protocol.ts";
import { type AfterCheckpoint, openCalls, type TurnState } from "../state.ts";
import { callModelAgain, nextModelCall, repairOutput } from "./calling-model.ts";
import { finish } from "./finished.ts";
import { runTools } from "./running-tools.ts";
import { answerOpenCalls } from "./tool-results.ts";

/**
 * Carries out what the protocol decided. Calls that the decision leaves unanswered are answered as not run (T2), and once a
 * limit was reached there is nothing left to do but the last answer.
 */
export function act(machine: TurnMachine, state: TurnState, action: TurnAction, now: number): Move {
  switch (action.type) {
    case "call_model":
      return after(answerOpenCalls(state, "tool_not_run"), (s) => nextModelCall(machine, s, now));
    case "call_model_again":
      return callModelAgain(machine, state, now);
    case "repair_output":
      return repairOutput(state, action.issue);
    case "run_tools":
      return openCalls(state).length === 0
        ? misled(state, "run tools that no answer asks for")
        : runTools(machine, state, action.calls, now);
    case "execute_code":
      return state.limit === undefined
        ? executeCode(state, action)
        : after(answerOpenCalls(state, "limit_reached"), (s) => nextModelCall(machine, s, now));
    case "next_iteration":
      return after(answerOpenCalls(state, "tool_not_run"), (s) =>
        // After a limit there is nothing to steer.
        s.limit !== undefined
          ? nextModelCall(machine, s, now)
          : openCheckpoint(s, "after_work", { type: "next_iteration" }),
      );
    case "complete":
      return after(answerOpenCalls(state, "tool_not_run"), (s) => complete(s, action));
    case "fail":
      return finish(state, { status: "failed", code: action.code, message: action.message });
  }
}

function complete(state: TurnState, action: Extract<TurnAction, { type: "complete" }>): Move {
  const { text, output } = action;
  const outcome: TurnOutcome = {
    status: "completed",
    text,
    ...(output !== undefined && { output }),
    ...(state.limit !== undefined && { limit: state.limit }),
  };
  if (state.limit !== undefined) return finish(state, outcome);
  return openCheckpoint({ ...state, noProgress: 0 }, "before_completion", { type: "finish", outcome });
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

/** Runs a program. The calls that it does not stand for are answered together with its own, when its value is there. */
function executeCode(state: TurnState, action: Extract<TurnAction, { type: "execute_code" }>): Move {
  const { language, code } = action;
  const effectId = positionalEffectId(state.iteration, "exec_code", state.programs);
  const callId: CallId | undefined = action.callId;
  return moveTo(
    {
      ...state,
      programs: state.programs + 1,
      phase: { name: "executing_code", effectId, ...(callId !== undefined && { callId }) },
    },
    { effects: [{ id: effectId, command: { kind: "exec_code", language, code } }] },
  );
}

/** A protocol that asks for the impossible ends its turn; it must not spin. */
function misled(state: TurnState, what: string): Move {
  const message = `The turn's protocol wanted to ${what}. Mend the protocol and send the input again.`;
  return finish(state, { status: "failed", code: "protocol_misled", message });
}
