import type { EffectId, EffectKind, MachineEffect, StepResult } from "@pawl/core";
import { AheadOfRow } from "./ahead-of-row.ts";

export interface EffectsAheadOptions {
  /** Nothing may be begun: the turn stops, or its lease is over. */
  readonly isOver: () => boolean;
  readonly launch: (effect: MachineEffect) => void;
  /** Called with what shall be as if it had not been begun. */
  readonly takeBack: (id: EffectId) => void;
}

/** A look for tools may be repeated too, but while it is taken back it may still change the tools that the turn has. */
const MAY_GO_AHEAD: ReadonlySet<EffectKind> = new Set(["model_call"]);

/** Begins what a step probably asks for while its row is being written (ADR 37), and learns what it does ask for. */
export class EffectsAhead {
  readonly #o: EffectsAheadOptions;
  readonly #begun = new Map<MachineEffect, AheadOfRow>();

  constructor(options: EffectsAheadOptions) {
    this.#o = options;
  }

  of(effect: MachineEffect): AheadOfRow | undefined {
    return this.#begun.get(effect);
  }

  begin(guess: StepResult): void {
    for (const effect of guess.effects) {
      if (!MAY_GO_AHEAD.has(effect.command.kind) || this.#o.isOver()) continue;
      this.#begun.set(effect, new AheadOfRow(guess.state));
      this.#o.launch(effect);
    }
  }

  /** The row is written: what it does not ask for after all is taken back. @returns what was begun and is asked for */
  settle(guess: StepResult, result: StepResult): readonly MachineEffect[] {
    return guess.effects.filter((effect) => {
      const ahead = this.#begun.get(effect);
      this.#begun.delete(effect);
      if (ahead === undefined) return false;
      const goesOn = result.effects.includes(effect);
      if (goesOn) ahead.written();
      else {
        ahead.takeBack();
        this.#o.takeBack(effect.id);
      }
      return goesOn;
    });
  }

  /** There will be no such row. */
  end(): void {
    for (const ahead of this.#begun.values()) ahead.takeBack();
    this.#begun.clear();
  }
}
