import {
  type EffectId,
  initialState,
  type LogRow,
  type MachineEffect,
  mustMatch,
  PawlError,
  type StepResult,
  step,
  type TurnMachine,
  type TurnState,
} from "@pawl/core";
import { differingPaths, type RecordedEffect } from "../controller/replay-decision.ts";
import { nondeterminism, turnPruned } from "../errors.ts";

/** A turn as its rows tell it: where it stands and what is outstanding. */
export interface FoldedTurn {
  readonly state: TurnState;
  /** Effects that were asked for and have no outcome, in the order in which they were asked for. */
  readonly pending: ReadonlyMap<EffectId, MachineEffect>;
  /** Those among them that shall stop. */
  readonly aborted: ReadonlySet<EffectId>;
  readonly recorded: ReadonlyMap<EffectId, RecordedEffect>;
  /** Attempts of which text was shown, by effect. */
  readonly streamed: ReadonlyMap<EffectId, number>;
  readonly wakeAt: number | undefined;
  /** Held by attempts that were begun and never settled: they count as spent (D13), in integer nano US dollars. */
  readonly heldNanoUsd: number;
  /** The turn's `turn_committed` row was met. */
  readonly committed: boolean;
}

/**
 * Runs a turn again over its rows and performs nothing: recovery, replay and fork all begin here (D6, D26).
 *
 * @throws PawlError `store_corrupt_row` when an ordinal is missing or a row does not fit its turn; `nondeterminism_detected` when
 * the recorded effects are not those that the machine asks for
 */
export function foldTurn(machine: TurnMachine, rows: readonly LogRow[]): FoldedTurn {
  let state = initialState();
  let wakeAt: number | undefined;
  let committed = false;
  const pending = new Map<EffectId, MachineEffect>();
  const aborted = new Set<EffectId>();
  const recorded = new Map<EffectId, RecordedEffect>();
  const streamed = new Map<EffectId, number>();

  const holds = new Map<EffectId, number[]>();

  const apply = (row: LogRow, result: StepResult) => {
    if (result.report !== undefined) throw corrupt(row, result.report.message);
    state = result.state;
    wakeAt = result.wakeAt;
    for (const effect of result.effects) pending.set(effect.id, effect);
    for (const id of result.aborts) aborted.add(id);
  };

  for (const row of rows) {
    const { body } = row;
    switch (body.kind) {
      case "machine_input": {
        if (row.ordinal !== state.ordinal) {
          throw corrupt(row, `It has ordinal ${row.ordinal} where ${state.ordinal} is due.`);
        }
        if (body.input.type === "effect_settled") {
          const { effectId, outcome } = body.input;
          const effect = pending.get(effectId);
          if (effect === undefined) throw nondeterminism(effectId, []);
          const paths =
            body.command === undefined ? [] : differingPaths(body.command, mustMatch(effect.command));
          if (paths.length > 0) throw nondeterminism(effectId, paths);
          pending.delete(effectId);
          // The outcome settles the last attempt; what earlier ones held stays spent.
          holds.get(effectId)?.pop();
          aborted.delete(effectId);
          remember(recorded, effectId, {
            outcome,
            ...(body.command !== undefined && { command: body.command }),
          });
        }
        apply(row, step(machine, state, body.input));
        break;
      }
      case "effect_intent": {
        const { attempt, nonce, startBefore, left: more } = body;
        const held = holds.get(body.effectId) ?? [];
        const last = recorded.get(body.effectId)?.intent;
        // An attempt that was too slow to begin says so again; the attempt of another drive is another one (D13).
        const again = last !== undefined && last.nonce === nonce && last.attempt === attempt;
        holds.set(body.effectId, [...(again ? held.slice(0, -1) : held), body.reservedNanoUsd ?? 0]);
        const left = more && { left: [...((again && last.left) || []), ...more] };
        remember(recorded, body.effectId, { intent: { attempt, nonce, startBefore, ...left } });
        break;
      }
      case "step_done": {
        const steps = new Map(recorded.get(body.effectId)?.steps);
        remember(recorded, body.effectId, { steps: steps.set(body.stepId, body.value) });
        break;
      }
      case "text_delta":
      case "attempt_reset":
        streamed.set(body.effectId, body.attempt);
        break;
      case "pruned":
        // Text is display; without its inputs a turn cannot be run again.
        if (body.what === "turn") throw turnPruned(row.turnId);
        break;
      case "turn_committed":
        committed = true;
        break;
    }
  }
  // A turn that is over waits for nothing any more.
  if (state.phase.name === "finished") pending.clear();
  const heldNanoUsd = [...holds.values()].flat().reduce((sum, hold) => sum + hold, 0);
  return { state, pending, aborted, recorded, streamed, wakeAt, committed, heldNanoUsd };
}

/** A turn of which nothing but its begin was fed, as `foldTurn` would tell it. */
export function begunTurn({ state, effects, wakeAt }: StepResult): FoldedTurn {
  const isOver = state.phase.name === "finished";
  return {
    state,
    pending: new Map(isOver ? [] : effects.map((effect) => [effect.id, effect])),
    aborted: new Set(),
    recorded: new Map(),
    streamed: new Map(),
    wakeAt,
    committed: false,
    heldNanoUsd: 0,
  };
}

function remember(all: Map<EffectId, RecordedEffect>, id: EffectId, facts: RecordedEffect): void {
  all.set(id, { ...all.get(id), ...facts });
}

function corrupt(row: LogRow, why: string): PawlError {
  return new PawlError(
    "store_corrupt_row",
    `Row ${row.seq} of turn ${row.turnId} cannot be replayed: ${why} Restore the log from a backup, or cancel the turn.`,
    { blame: "infrastructure", details: { seq: row.seq, turnId: row.turnId } },
  );
}
