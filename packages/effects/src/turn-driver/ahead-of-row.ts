import type { TurnState } from "@pawl/core";
import type { EffectJournal } from "../controller/effect-controller.ts";
import { driveEnded } from "../errors.ts";
import type { TextStream } from "./text-stream.ts";

/**
 * An effect that was begun while the row is being written of the step that asks for it (ADR 37). Holds back what it writes until that row is
 * there; of one that is taken back, nothing is ever written.
 */
export class AheadOfRow {
  /** Of the turn once the row is there. */
  readonly state: TurnState;
  readonly #written = Promise.withResolvers<void>();

  constructor(state: TurnState) {
    this.state = state;
    // It may have nothing to write.
    this.#written.promise.catch(() => {});
  }

  /** Resolves once it is known. */
  isAskedFor(): Promise<boolean> {
    return this.#written.promise.then(
      () => true,
      () => false,
    );
  }

  /** The row is there. */
  written(): void {
    this.#written.resolve();
  }

  /** The row is another one, or is not written. */
  takeBack(): void {
    this.#written.reject(driveEnded(new Error("The effect was begun in vain.")));
  }

  journal(of: EffectJournal): EffectJournal {
    const { promise } = this.#written;
    return {
      nonce: of.nonce,
      recorded: (envelope) => of.recorded(envelope),
      intent: (envelope, intent) => promise.then(() => of.intent(envelope, intent)),
      record: (envelope, outcome) => promise.then(() => of.record(envelope, outcome)),
      left: (envelope, messages) => void promise.then(() => of.left?.(envelope, messages)).catch(() => {}),
      step: (envelope, stepId, value) => promise.then(() => of.step(envelope, stepId, value)),
    };
  }

  text(of: TextStream): Pick<TextStream, "push" | "reset"> {
    const then = (show: () => void) => void this.#written.promise.then(show, () => {});
    return { push: (text) => then(() => of.push(text)), reset: () => then(() => of.reset()) };
  }
}
