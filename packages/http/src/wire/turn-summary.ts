import type { TurnSummary } from "@pawl/host";
import { z } from "zod";
import { turnSchema } from "./result.ts";
import { usageSchema, wireUsage } from "./usage.ts";

export const turnSummarySchema = z.object({
  turn_id: z.string(),
  state: turnSchema.shape.state,
  prompt: z.string(),
  accepted_at: z.number(),
  committed_at: z.number().optional(),
  usage: usageSchema.optional(),
});

export const turnsSchema = z.object({ session_id: z.string(), turns: z.array(turnSummarySchema) });

export type WireTurnSummary = z.infer<typeof turnSummarySchema>;

export function wireTurnSummary(summary: TurnSummary): WireTurnSummary {
  const { turnId, state, prompt, acceptedAt, committedAt, usage } = summary;
  return {
    turn_id: turnId,
    state,
    prompt,
    accepted_at: acceptedAt,
    ...(committedAt !== undefined && { committed_at: committedAt }),
    ...(usage !== undefined && { usage: wireUsage(usage) }),
  };
}
