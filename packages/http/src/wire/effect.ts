import type { TurnEffect } from "@pawl/host";
import { z } from "zod";
import { jsonValue } from "./outcome.ts";

export const effectSchema = z.object({
  effect_id: z.string(),
  kind: z.string(),
  tool: z.string().optional(),
  input: jsonValue.optional(),
  attempts: z.number(),
  /** `pending`, or the class of its outcome. */
  outcome: z.string(),
  code: z.string().optional(),
  cost_nano_usd: z.number().optional(),
  settled_at: z.number().optional(),
});

export const effectsSchema = z.object({ turn_id: z.string(), effects: z.array(effectSchema) });

export type WireEffect = z.infer<typeof effectSchema>;

export function wireEffect(effect: TurnEffect): WireEffect {
  const { effectId, kind, tool, input, attempts, outcome, code, costNanoUsd, settledAt } = effect;
  return {
    effect_id: effectId,
    kind,
    ...(tool !== undefined && { tool }),
    ...(input !== undefined && { input }),
    attempts,
    outcome,
    ...(code !== undefined && { code }),
    ...(costNanoUsd !== undefined && { cost_nano_usd: costNanoUsd }),
    ...(settledAt !== undefined && { settled_at: settledAt }),
  };
}
