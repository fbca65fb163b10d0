import type { EffectId, LogBody, TurnId } from "@pawl/core";
import type { Clock } from "@pawl/core/ports";
import type { SessionLane } from "./session-lane.ts";

/** Text is written in batches: often enough to be read as it comes, seldom enough to cost little (D24). */
const FLUSH_MS = 50;
const FLUSH_CHARS = 2_000;

/** Ends in the first half of a surrogate pair. */
const HALF_A_PAIR = /[\ud800-\udbff]$/;

/** The text that one effect shows while it is performed. Persisted before anybody sees it. */
export class TextStream {
  readonly #lane: SessionLane;
  readonly #turnId: TurnId;
  readonly #effectId: EffectId;
  readonly #clock: Clock;
  #attempt: number;
  #buffer = "";
  #ended = false;
  #cancelTimer: (() => void) | undefined;

  /** `shown` is the last attempt of which text was shown before: it is void now. */
  constructor(
    lane: SessionLane,
    clock: Clock,
    turnId: TurnId,
    effectId: EffectId,
    shown: number | undefined,
  ) {
    this.#lane = lane;
    this.#clock = clock;
    this.#turnId = turnId;
    this.#effectId = effectId;
    this.#attempt = shown ?? 0;
    if (shown !== undefined) this.reset();
  }

  /** What comes from now on is for nobody. */
  end(): void {
    this.flush();
    this.#ended = true;
  }

  push(text: string): void {
    if (this.#ended) return;
    this.#buffer += text;
    if (this.#buffer.length >= FLUSH_CHARS) this.flush();
    else this.#cancelTimer ??= this.#clock.at(this.#clock.now() + FLUSH_MS, () => this.flush());
  }

  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    // A surrogate pair that is still coming in two halves waits for the other half.
    const split = HALF_A_PAIR.test(this.#buffer) ? this.#buffer.length - 1 : this.#buffer.length;
    const text = this.#buffer.slice(0, split);
    this.#buffer = this.#buffer.slice(split);
    if (text !== "")
      this.#write({
        kind: "text_delta",
        effectId: this.#effectId,
        attempt: this.#attempt,
        text: storableText(text),
      });
  }

  reset(): void {
    if (this.#ended) return;
    this.#buffer = "";
    this.#attempt += 1;
    this.#write({ kind: "attempt_reset", effectId: this.#effectId, attempt: this.#attempt });
  }

  #write(body: LogBody): void {
    // Nobody waits for it: a failed write trips the lane, and the turn ends with it.
    void this.#lane
      .append([{ turnId: this.#turnId, ordinal: null, at: this.#clock.now(), body }])
      .catch(() => {});
  }
}

function storableText(text: string): string {
  return text.toWellFormed().replaceAll("\u0000", "\ufffd");
}
