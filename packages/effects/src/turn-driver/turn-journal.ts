import type { EffectEnvelope, EffectId, EffectOutcome, Json, LeftMessage, LogBody } from "@pawl/core";
import { mustMatch } from "@pawl/core";
import type { Attachments, Clock } from "@pawl/core/ports";
import type { EffectJournal, Intent } from "../controller/effect-controller.ts";
import type { RecordedEffect } from "../controller/replay-decision.ts";
import { driveEnded } from "../errors.ts";
import { storable } from "../storable.ts";
import { MAX_RESULT_BYTES, withoutLargeResults } from "./large-results.ts";
import type { MachineFeed } from "./machine-feed.ts";
import type { SessionLane } from "./session-lane.ts";

export interface TurnJournalOptions {
  readonly feed: MachineFeed;
  readonly lane: SessionLane;
  readonly clock: Clock;
  readonly attachments: Attachments;
  readonly maxResultBytes?: number;
  readonly nonce: string;
  /** What the rows held when the turn was opened. */
  readonly recorded: ReadonlyMap<EffectId, RecordedEffect>;
  /** The turn's end: from then on nothing is written. */
  readonly isOver: () => boolean;
  /** Called with an effect whose outcome is about to be fed. */
  readonly settled: (effectId: EffectId) => void;
}

/**
 * What the controller records of one turn's effects. Owns what is recorded; writes intents and steps through the session's lane, and
 * outcomes by feeding them to the machine, whose inputs are rows (D6).
 */
export class TurnJournal implements EffectJournal {
  readonly nonce: string;
  readonly #o: TurnJournalOptions;
  readonly #recorded: Map<EffectId, RecordedEffect>;
  readonly #intents = new Map<EffectId, Intent>();
  readonly #durable = new Set<EffectId>();

  constructor(options: TurnJournalOptions) {
    this.#o = options;
    this.nonce = options.nonce;
    this.#recorded = new Map(options.recorded);
  }

  recorded({ effectId }: EffectEnvelope): RecordedEffect | undefined {
    return this.#recorded.get(effectId);
  }

  /** What this wait comes to is in the store before it is recorded here. */
  answered(effectId: EffectId): void {
    this.#durable.add(effectId);
  }

  async intent({ effectId }: EffectEnvelope, intent: Intent): Promise<void> {
    this.#intents.set(effectId, intent);
    await this.#write({ kind: "effect_intent", effectId, nonce: this.nonce, ...intent });
  }

  left({ effectId }: EffectEnvelope, messages: readonly LeftMessage[]): void {
    const intent = this.#intents.get(effectId);
    if (intent === undefined) return;
    const row = { kind: "effect_intent", effectId, nonce: this.nonce, ...intent, left: messages } as const;
    // Whoever lost the session keeps nothing, and learns of it by the lane.
    this.#write(row).catch(() => {});
  }

  step({ effectId }: EffectEnvelope, stepId: string, value: Json): Promise<void> {
    return this.#write({ kind: "step_done", effectId, stepId, value });
  }

  async record({ effectId, command }: EffectEnvelope, outcome: EffectOutcome): Promise<void> {
    const { feed, clock, attachments, maxResultBytes = MAX_RESULT_BYTES } = this.#o;
    if (this.#recorded.get(effectId)?.outcome !== undefined) return;
    const stored = storable(await withoutLargeResults(outcome, attachments, maxResultBytes));
    this.#recorded.set(effectId, { ...this.#recorded.get(effectId), outcome: stored });
    this.#o.settled(effectId);
    const now = clock.now();
    const input = { type: "effect_settled", now, effectId, outcome: stored } as const;
    await feed.feed(input, { command: mustMatch(command), isDurable: this.#durable.has(effectId) });
  }

  #write(body: Extract<LogBody, { kind: "effect_intent" | "step_done" }>): Promise<void> {
    // A body that ignores its signal outlives its effect, and even its turn.
    const over = this.#o.isOver() || this.#recorded.get(body.effectId)?.outcome !== undefined;
    if (over) return Promise.reject(driveEnded(new Error("The effect is over.")));
    return this.#o.lane.append([this.#o.feed.draft(null, this.#o.clock.now(), body)]);
  }
}
