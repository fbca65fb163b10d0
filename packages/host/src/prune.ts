import { PawlError, PRUNE_KINDS, type PruneKind } from "@pawl/core";
import type { Clock, Store } from "@pawl/core/ports";

export interface PruneOptions {
  /** What came to its end longer ago than this, in milliseconds. */
  readonly olderThanMs: number;
  /** These kinds; absent: all. */
  readonly only?: readonly PruneKind[];
  /** Counts what would be deleted, and deletes nothing. */
  readonly dryRun?: boolean;
  /** Hears of each batch: how many of this kind by now. */
  readonly onProgress?: (kind: PruneKind, count: number) => void;
  /** Aborted: no further batch. What was deleted stays so. */
  readonly signal?: AbortSignal;
}

export interface PruneReport {
  /** What came to its end before this time, milliseconds since the epoch. */
  readonly before: number;
  readonly dryRun: boolean;
  /**
   * How many turns lost their text or their log, and how many waits, tasks, jobs, attachments and nodes went. Of a dry run what is
   * prunable now: attachments that only pruned logs need are not among them.
   */
  readonly counts: { readonly [Kind in PruneKind]?: number };
}

/** Small enough to keep nobody waiting, large enough to be worth a round trip. */
const BATCH = 200;
/** Each batch of attachments reads everything that may name one. */
const ATTACHMENTS_BATCH = 5_000;

/** Deletes in batches, so that it can run beside everything else. @throws PawlError `prune_invalid` */
export async function pruneStore(
  { store, clock }: { readonly store: Pick<Store, "open" | "retention">; readonly clock: Pick<Clock, "now"> },
  { olderThanMs, only = PRUNE_KINDS, dryRun = false, onProgress = () => {}, signal }: PruneOptions,
): Promise<PruneReport> {
  if (!(Number.isFinite(olderThanMs) && olderThanMs >= 0)) {
    throw new PawlError("prune_invalid", "`olderThanMs` is a number of milliseconds, 0 or more.");
  }
  const unknown = only.find((kind) => !PRUNE_KINDS.includes(kind));
  if (unknown !== undefined) {
    throw new PawlError(
      "prune_invalid",
      `"${unknown}" cannot be pruned: these can be: ${PRUNE_KINDS.join(", ")}.`,
    );
  }
  await store.open();
  const before = clock.now() - olderThanMs;
  const counts: { [Kind in PruneKind]?: number } = {};
  // In this order, whatever was asked for: what goes first sets others free.
  for (const kind of PRUNE_KINDS.filter((one) => only.includes(one))) {
    counts[kind] = dryRun
      ? await store.retention.countPrunable({ kind, before })
      : await pruneKind(store, kind, before, (count) => onProgress(kind, count), signal);
    if (dryRun) onProgress(kind, counts[kind]);
  }
  return { before, dryRun, counts };
}

async function pruneKind(
  { retention }: Pick<Store, "retention">,
  kind: PruneKind,
  before: number,
  tell: (count: number) => void,
  signal: AbortSignal | undefined,
): Promise<number> {
  const limit = kind === "attachments" ? ATTACHMENTS_BATCH : BATCH;
  for (let count = 0; ; ) {
    if (signal?.aborted) return count;
    const pruned = await retention.prune({ kind, before, limit });
    count += pruned;
    tell(count);
    if (pruned < limit) return count;
  }
}
