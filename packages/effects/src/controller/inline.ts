import type { CommandOf, EffectEnvelope, EffectKind, OutcomeOf } from "@pawl/core";
import { executorUnavailable, wrongOutcome } from "../errors.ts";
import type { EffectContext, EffectController, EffectExecutor, Executors } from "./effect-controller.ts";

/** Performs at once and remembers nothing: for tests, for tools that run outside of a turn, and inside `journaled`. */
export function inline(options: { readonly executors: Executors }): EffectController {
  return {
    tier: "inline",
    async execute<Kind extends EffectKind>(
      envelope: EffectEnvelope<CommandOf<Kind>>,
      context: EffectContext,
    ): Promise<OutcomeOf<Kind>> {
      const kind = envelope.command.kind as Kind;
      const executor = options.executors[kind] as EffectExecutor<Kind> | undefined;
      if (executor === undefined) throw executorUnavailable(kind);
      const outcome = await executor(envelope, context);
      if (outcome.kind !== kind) throw wrongOutcome(kind, outcome.kind);
      return outcome;
    },
  };
}
