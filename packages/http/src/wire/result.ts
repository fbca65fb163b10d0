import type { TurnExplanation, TurnResult } from "@pawl/host";
import { z } from "zod";
import { deadLetterSchema, wireDeadLetter } from "./dead-letter.ts";
import {
  evidenceSchema,
  jsonValue,
  pathSchema,
  waitReasonSchema,
  wireEvidence,
  wirePath,
  wireTurnOutcome,
  wireWaitReason,
} from "./outcome.ts";
import { usageSchema, wireUsage } from "./usage.ts";

const common = { turn_id: z.string(), session_id: z.string() };
const ended = {
  ...common,
  usage: usageSchema,
  /** Of the commit receipt: the turn's place in its session's chain. */
  receipt: z.object({ revision: z.number(), digest: z.string() }),
};

/** How a turn stands when it does not move any more. A union by `status`. */
export const turnResultSchema = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("completed"),
    ...ended,
    text: z.string(),
    output: jsonValue.optional(),
    limit: z.string().optional(),
  }),
  z.object({ status: z.literal("failed"), ...ended, code: z.string(), message: z.string() }),
  z.object({ status: z.literal("cancelled"), ...ended, evidence: evidenceSchema }),
  z.object({
    status: z.literal("waiting"),
    ...common,
    waits: z.array(
      z.object({
        id: z.string(),
        reason: waitReasonSchema,
        path: pathSchema.optional(),
        /** The turn of the same session that waits and comes first. */
        behind: z.string().optional(),
      }),
    ),
  }),
  z.object({ status: z.literal("blocked"), ...common, code: z.string(), message: z.string() }),
]);

/** What is known of a turn now. */
export const turnSchema = z.object({
  turn_id: z.string(),
  state: z.enum(["queued", "running", "completed", "failed", "cancelled", "waiting", "blocked"]),
  why: z.string(),
  advice: z.string().optional(),
  /** Once it does not move any more. */
  result: turnResultSchema.optional(),
  /** What followed from its commit and could not be delivered; absent when there is none. */
  dead_letters: z.array(deadLetterSchema).optional(),
});

export type WireTurnResult = z.infer<typeof turnResultSchema>;
export type WireTurn = z.infer<typeof turnSchema>;

export function wireTurnResult(result: TurnResult): WireTurnResult {
  const ids = { turn_id: result.turnId, session_id: result.sessionId };
  if (result.status === "waiting") {
    const waits = result.waits.map(({ id, reason, path, behind }) => ({
      id,
      reason: wireWaitReason(reason),
      ...(path && { path: wirePath(path) }),
      ...(behind !== undefined && { behind }),
    }));
    return { status: "waiting", ...ids, waits };
  }
  if (result.status === "blocked") {
    return { status: "blocked", ...ids, code: result.code, message: result.message };
  }
  const { revision, digest } = result.receipt;
  const facts = { ...ids, usage: wireUsage(result.usage), receipt: { revision, digest } };
  if (result.status === "cancelled") {
    return { status: "cancelled", ...facts, evidence: wireEvidence(result.evidence) };
  }
  return { ...wireTurnOutcome(result), ...facts } as WireTurnResult;
}

export function wireTurn(explanation: TurnExplanation, result = explanation.result): WireTurn {
  const { turnId, state, why, advice, deadLetters } = explanation;
  return {
    turn_id: turnId,
    state,
    why,
    ...(advice !== undefined && { advice }),
    ...(result !== undefined && { result: wireTurnResult(result) }),
    ...(deadLetters !== undefined && { dead_letters: deadLetters.map(wireDeadLetter) }),
  };
}
