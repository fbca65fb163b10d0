import { type EffectId, isPawlError, type MachineEffect } from "@pawl/core";
import { Parked } from "../await-events/parked.ts";

export interface Performing {
  readonly signal: AbortSignal;
  /** A previous owner may have begun it. */
  readonly resumed: boolean;
}

export interface EffectsInFlightOptions {
  /** Effects that were told to stop before the turn was opened. */
  readonly aborted: ReadonlySet<EffectId>;
  /** Resolves when the effect is performed, recorded and acted upon. */
  readonly perform: (effect: MachineEffect, how: Performing) => Promise<void>;
  /** Settles a wait that was told to stop and that nobody here performs. */
  readonly cancelWait: (wait: MachineEffect) => Promise<void>;
  /** Called with what either of them threw. */
  readonly broken: (cause: unknown, effectId?: EffectId) => void;
  /** Called when an effect is no longer in flight, whatever became of it. */
  readonly left: () => void;
}

/**
 * What of one turn's effects is being performed, is left to the store, or was told to stop. Owns their signals; who runs the turn
 * decides what is begun, how it is performed and what its end means.
 */
export class EffectsInFlight {
  readonly #o: EffectsInFlightOptions;
  readonly #performed = new Map<EffectId, AbortController>();
  readonly #waits = new Map<EffectId, MachineEffect>();
  readonly #aborted: Set<EffectId>;

  constructor(options: EffectsInFlightOptions) {
    this.#o = options;
    this.#aborted = new Set(options.aborted);
  }

  /** How many are being performed; waits that are left to the store do not count. */
  get performing(): number {
    return this.#performed.size;
  }

  /** How many are left to the store. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** The deadlines of what is left to the store, in milliseconds since the epoch. */
  get deadlines(): readonly number[] {
    return [...this.#waits.values()].flatMap(({ command }) =>
      command.kind === "await_event" && command.deadline !== undefined ? [command.deadline] : [],
    );
  }

  launch(effect: MachineEffect, resumed: boolean): void {
    const abort = new AbortController();
    if (this.#aborted.has(effect.id)) abort.abort(asksToStop());
    this.#performed.set(effect.id, abort);
    const work = this.#o.perform(effect, { signal: abort.signal, resumed });
    this.#waits.delete(effect.id);
    work
      .catch((cause: unknown) => {
        if (waitsElsewhere(effect, cause)) this.#leaveToStore(effect);
        else this.#o.broken(cause, effect.id);
      })
      .finally(() => {
        if (this.#performed.get(effect.id) === abort) this.settled(effect.id);
        this.#o.left();
      });
  }

  /** Its outcome is about to be fed: it does not keep the turn any more. */
  settled(id: EffectId): void {
    this.#performed.delete(id);
  }

  /** It should not have been begun: it is told to stop, and from now on it is as if it had not been. */
  takeBack(id: EffectId): void {
    this.#performed.get(id)?.abort(asksToStop());
    this.#performed.delete(id);
  }

  isAborted(id: EffectId): boolean {
    return this.#aborted.has(id);
  }

  /** Tells an effect to stop. A wait that was left to the store is performed once more, told to stop: it settles its own event. */
  abort(id: EffectId, relaunch: (wait: MachineEffect) => void): void {
    this.#aborted.add(id);
    this.#performed.get(id)?.abort(asksToStop());
    const wait = this.#waits.get(id);
    if (wait) relaunch(wait);
  }

  /** Aborts what is being performed; what becomes of it is of no interest. */
  abortAll(cause?: unknown): void {
    for (const effect of this.#performed.values()) effect.abort(cause);
  }

  /** Nothing of the wait stays in memory; without a store of waits only the end of the turn settles it. */
  #leaveToStore(wait: MachineEffect): void {
    this.#performed.delete(wait.id);
    if (!this.#aborted.has(wait.id)) {
      this.#waits.set(wait.id, wait);
      return;
    }
    this.#o.cancelWait(wait).catch((cause: unknown) => this.#o.broken(cause));
  }
}

/** A wait that was parked, or that this host has no executor for. */
function waitsElsewhere({ command }: MachineEffect, cause: unknown): boolean {
  if (command.kind !== "await_event") return false;
  return cause instanceof Parked || isPawlError(cause, "runtime_effect_local_executor_unavailable");
}

function asksToStop(): DOMException {
  return new DOMException("The turn asks this effect to stop.", "AbortError");
}
