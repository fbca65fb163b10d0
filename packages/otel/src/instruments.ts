import type { Attributes, Counter, Histogram, Meter } from "@opentelemetry/api";
import type { Usage } from "@pawl/core";

export interface Instruments {
  readonly effects: Counter;
  readonly duration: Histogram;
  readonly turns: Counter;
  readonly lag: Histogram;
  readonly cost: Counter;
  /** Tokens, by the GenAI conventions. */
  readonly recordUsage: (usage: Usage, about: Attributes) => void;
}

/** Boundaries in seconds: from what is in memory to what takes a provider minutes. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];
/** As the conventions advise for tokens. */
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304];

export function createInstruments(meter: Meter): Instruments {
  const tokens = meter.createHistogram("gen_ai.client.token.usage", {
    description: "Tokens of one model call",
    unit: "{token}",
    advice: { explicitBucketBoundaries: TOKENS },
  });
  const inSeconds = { unit: "s", advice: { explicitBucketBoundaries: SECONDS } };
  return {
    effects: meter.createCounter("pawl.effects", {
      description: "Effects performed, by kind and outcome",
      unit: "{effect}",
    }),
    duration: meter.createHistogram("pawl.effect.duration", {
      description: "How long effects took",
      ...inSeconds,
    }),
    turns: meter.createCounter("pawl.turns", { description: "Turns ended, by outcome", unit: "{turn}" }),
    lag: meter.createHistogram("pawl.turn.lag", {
      description: "From when a turn could begin until it was begun",
      ...inSeconds,
    }),
    cost: meter.createCounter("pawl.cost", { description: "What ended turns cost", unit: "{USD}" }),
    recordUsage(usage, about) {
      const kept = [
        "gen_ai.operation.name",
        "gen_ai.request.model",
        "gen_ai.provider.name",
        "gen_ai.agent.name",
      ].flatMap((name) => (about[name] === undefined ? [] : [[name, about[name]] as const]));
      const attributes = Object.fromEntries(kept);
      tokens.record(usage.inputTokens, { ...attributes, "gen_ai.token.type": "input" });
      tokens.record(usage.outputTokens, { ...attributes, "gen_ai.token.type": "output" });
    },
  };
}
