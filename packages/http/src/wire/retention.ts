import { PRUNE_KINDS, type PruneKind } from "@pawl/core";
import type { ErasedSession } from "@pawl/core/ports";
import type { PruneReport } from "@pawl/host";
import { z } from "zod";

export const erasedSchema = z.object({
  session_id: z.string(),
  /** Milliseconds since the epoch. */
  erased_at: z.number(),
  /** How many digests of receipts outlive it, and the last of them. */
  receipts: z.number(),
  head: z.string().nullable(),
});

export type WireErased = z.infer<typeof erasedSchema>;

export function wireErased(sessionId: string, { erasedAt, chain }: ErasedSession): WireErased {
  return {
    session_id: sessionId,
    erased_at: erasedAt,
    receipts: chain.length,
    head: chain.at(-1)?.digest ?? null,
  };
}

export const pruneKindSchema = z.enum(PRUNE_KINDS as readonly [PruneKind, ...PruneKind[]]);

export const pruneBodySchema = z.strictObject({
  older_than_ms: z.number().min(0),
  only: z.array(pruneKindSchema).min(1).optional(),
  dry_run: z.boolean().optional(),
});

export const prunedSchema = z.object({
  /** What came to its end before this time, milliseconds since the epoch. */
  before: z.number(),
  dry_run: z.boolean(),
  counts: z.partialRecord(pruneKindSchema, z.number()),
});

export type WirePruned = z.infer<typeof prunedSchema>;

export function wirePruned({ before, dryRun, counts }: PruneReport): WirePruned {
  return { before, dry_run: dryRun, counts };
}
