import {
  type EffectEnvelope,
  type EffectId,
  type EffectOutcome,
  type Json,
  type LeftMessage,
  mustMatch,
} from "@pawl/core";

/** What a journal of effects holds of one effect. */
export interface JournaledEffect {
  readonly command?: Json;
  readonly outcome?: EffectOutcome;
  readonly intent?: {
    readonly attempt: number;
    readonly nonce: string;
    readonly startBefore: number;
    readonly left?: readonly LeftMessage[];
  };
  readonly steps?: ReadonlyMap<string, Json>;
}

export interface MemoryEffectJournal {
  readonly nonce: string;
  recorded(envelope: EffectEnvelope): JournaledEffect | undefined;
  intent(
    envelope: EffectEnvelope,
    intent: { attempt: number; startBefore: number; left?: readonly LeftMessage[] },
  ): Promise<void>;
  record(envelope: EffectEnvelope, outcome: EffectOutcome): Promise<void>;
  step(envelope: EffectEnvelope, stepId: string, value: Json): Promise<void>;
  /** What was written, in order: `intent <effect>`, `outcome <effect>`, `step <effect> <id>`. */
  readonly writes: readonly string[];
  /** The journal of the next owner, over what is durable. */
  reopen(): MemoryEffectJournal;
}

/** A journal of effects in memory. Writes become durable a little later, as those of a database do. `fail`: throws at a write. */
export function memoryEffectJournal(
  options: { readonly fail?: (write: string) => void } = {},
  entries: Map<EffectId, JournaledEffect> = new Map(),
  generation = 1,
): MemoryEffectJournal {
  const writes: string[] = [];

  async function write(line: string, envelope: EffectEnvelope, facts: JournaledEffect): Promise<void> {
    await Promise.resolve();
    options.fail?.(line);
    entries.set(envelope.effectId, { ...entries.get(envelope.effectId), ...facts });
    writes.push(line);
  }

  return {
    nonce: `owner-${generation}`,
    writes,
    recorded: (envelope) => entries.get(envelope.effectId),
    intent: (envelope, { attempt, startBefore, left }) =>
      write(`intent ${envelope.effectId}`, envelope, {
        intent: { attempt, startBefore, nonce: `owner-${generation}`, ...(left && { left }) },
      }),
    record: (envelope, outcome) =>
      write(`outcome ${envelope.effectId}`, envelope, { outcome, command: mustMatch(envelope.command) }),
    step(envelope, stepId, value) {
      const steps = new Map(entries.get(envelope.effectId)?.steps);
      return write(`step ${envelope.effectId} ${stepId}`, envelope, { steps: steps.set(stepId, value) });
    },
    reopen: () => memoryEffectJournal(options, entries, generation + 1),
  };
}
