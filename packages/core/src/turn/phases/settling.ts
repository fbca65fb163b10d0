import type { EffectOutcome } from "../../effects/outcome.ts";
import type { EffectId } from "../../ids.ts";
import { type Move, moveTo, type TurnMachine } from "../move.ts";
import type { TurnState } from "../state.ts";
import { checkpointSettled } from "./at-checkpoint.ts";
import { modelSettled, nextModelCall } from "./calling-model.ts";
import { codeSettled } from "./executing-code.ts";
import { finish } from "./finished.ts";
import { toolSettled } from "./running-tools.ts";
import { waitSettled } from "./tool-waits.ts";
import { budgetSettled } from "./waiting.ts";

/** Hands the outcome of an outstanding effect to the phase that asked for it. The pair was checked before. */
export function settled(
  machine: TurnMachine,
  state: TurnState,
  effectId: EffectId,
  outcome: EffectOutcome,
  now: number,
): Move {
  const { phase } = state;
  const slot = "slots" in phase ? phase.slots.find((s) => s.effectId === effectId) : undefined;
  switch (outcome.kind) {
    case "model_call":
      return modelSettled(machine, state, outcome, now);
    case "tool_call":
      return slot ? toolSettled(machine, state, slot, outcome, now) : moveTo(state);
    case "await_event":
      if ("budget" in phase)
        return budgetSettled(machine, state, phase.budget.limit, outcome.resolution, now);
      return slot ? waitSettled(machine, state, slot, outcome.resolution, now) : moveTo(state);
    case "checkpoint":
      return checkpointSettled(machine, state, outcome, now);
    case "sync_environment": {
      if (state.cancel) return finish(state, { status: "cancelled", evidence: state.cancel });
      const { result } = outcome;
      // A refresh that failed leaves the tools as they were: they are pinned and still known.
      const environment = result.ok ? result.environment : undefined;
      return nextModelCall(machine, environment ? { ...state, environment } : state, now);
    }
    case "exec_code":
      return codeSettled(machine, state, outcome, now);
    default:
      // The table admits no other kind.
      return moveTo(state);
  }
}
