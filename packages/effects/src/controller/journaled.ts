import {
  type CommandOf,
  type EffectEnvelope,
  type EffectKind,
  type EffectOutcome,
  type OutcomeOf,
  PawlError,
} from "@pawl/core";
import type { Clock, StoreTime } from "@pawl/core/ports";
import { nondeterminism } from "../errors.ts";
import { cancelGuard } from "../guards/cancel-guard.ts";
import { dryRunGuard } from "../guards/dry-run-guard.ts";
import { systemClock } from "../system-clock.ts";
import type { EffectContext, EffectController, EffectJournal, Executors } from "./effect-controller.ts";
import { inline } from "./inline.ts";
import { onCrashOf } from "./on-crash.ts";
import { decideReplay } from "./replay-decision.ts";
import { settleAmbiguous } from "./settle-ambiguous.ts";
import { timeOf } from "./store-time.ts";

/**
 * A check between journal and executor (D11). A refusal is an outcome like any other and recorded as such, so that a
 * replay meets the refusal and not the guard.
 */
export type Guard = (envelope: EffectEnvelope, context: EffectContext) => Promise<EffectOutcome | undefined>;

export interface JournaledOptions {
  readonly executors: Executors;
  /** Asked in this order, after the turn's own cancellation. */
  readonly guards?: readonly Guard[];
  /** Default: the system's. */
  readonly clock?: Clock;
  /** The clock of the store, by which nodes agree on when a lost attempt cannot begin any more (D12). Default: this process's. */
  readonly time?: StoreTime | undefined;
  /** How long an attempt may take to begin after its intent was made, in milliseconds. Default 10 000. */
  readonly startWithinMs?: number;
}

type ToolEnvelope = EffectEnvelope<CommandOf<"tool_call">>;

/**
 * Invariants:
 * - E1 An effect with a recorded outcome is not performed.
 * - E2 An outcome is durable before anyone acts on it. (That of a wait is so in its own row; beside the rows that copy it, and that say that
 *   nobody steers the turn, a model may be asked: ADR 37.)
 * - E3 An `ask` tool is begun only after its intent is durable, and an intent without an outcome is never performed again
 *   without being told so (D12).
 * - E4 A guard is asked only for what is not recorded (D11).
 */
export function journaled(options: JournaledOptions): EffectController {
  const performing = inline(options);
  const { clock = systemClock, time = timeOf(clock), startWithinMs = 10_000 } = options;
  const guards = [cancelGuard, dryRunGuard, ...(options.guards ?? [])];

  async function perform(
    envelope: EffectEnvelope,
    context: EffectContext,
    journal: EffectJournal,
  ): Promise<EffectOutcome> {
    for (const guard of guards) {
      const refusal = await guard(envelope, context);
      if (refusal !== undefined) return refusal;
    }
    const held = context.turn?.spending.heldFor(envelope.effectId);
    if (onCrashOf(envelope, context) === "ask" || held !== undefined) await intend(envelope, journal, held);
    return await performing.execute(envelope, context);
  }

  /** The pause between the durable intent and this check must be short, or a person may already have said "no" (D12). */
  async function intend(
    envelope: EffectEnvelope,
    journal: EffectJournal,
    held: number | undefined,
  ): Promise<void> {
    const attempt = envelope.command.kind === "tool_call" ? envelope.command.attempt : 0;
    for (;;) {
      const intended = time();
      const startBefore = intended.latest + startWithinMs;
      await journal.intent(envelope, {
        attempt,
        startBefore,
        ...(held !== undefined && { reservedNanoUsd: held }),
      });
      const now = time();
      // The earliest times know of no jump of our clock forth and back that would hide what has passed.
      if (now.latest < startBefore && now.earliest - intended.earliest < startWithinMs) return;
    }
  }

  return {
    tier: "durable",
    async execute<Kind extends EffectKind>(
      envelope: EffectEnvelope<CommandOf<Kind>>,
      context: EffectContext,
    ): Promise<OutcomeOf<Kind>> {
      const { journal } = context;
      if (journal === undefined) {
        throw new PawlError(
          "journal_missing",
          "A journaled controller needs the journal of the effect's owner.",
        );
      }
      const decision = decideReplay(journal.recorded(envelope), envelope, onCrashOf(envelope, context));
      switch (decision.type) {
        case "return":
          return decision.outcome as OutcomeOf<Kind>;
        case "diverged":
          throw nondeterminism(envelope.effectId, decision.paths);
        case "corrupt":
          throw new PawlError("store_corrupt_row", decision.message, { blame: "infrastructure" });
        case "ambiguous": {
          // A node whose clock is ahead may have written a later one; an attempt never has longer than this to begin.
          const startBefore = Math.min(decision.startBefore, time().latest + startWithinMs);
          const lost = { ...decision, startBefore };
          const outcome = await settleAmbiguous(envelope as ToolEnvelope, context, lost, { clock, time });
          await journal.record(envelope, outcome);
          return outcome as OutcomeOf<Kind>;
        }
        case "perform": {
          const outcome = await perform(envelope, context, journal);
          await journal.record(envelope, outcome);
          return outcome as OutcomeOf<Kind>;
        }
      }
    },
  };
}
