import type { ReplayReport } from "@pawl/host";
import { z } from "zod";
import { turnOutcomeSchema, wireTurnOutcome } from "./outcome.ts";

export const replaySchema = z.object({
  identical: z.boolean(),
  performed: z.literal(0),
  inputs: z.number(),
  effects: z.number(),
  /** Null for a turn that is open, or that does not replay. */
  outcome: turnOutcomeSchema.nullable(),
  differences: z.array(z.string()),
});

export type WireReplay = z.infer<typeof replaySchema>;

export function wireReplay(report: ReplayReport): WireReplay {
  const { identical, performed, inputs, effects, outcome, differences } = report;
  return {
    identical,
    performed,
    inputs,
    effects,
    outcome: outcome && wireTurnOutcome(outcome),
    differences: [...differences],
  };
}
