import { PRUNE_KINDS, type PruneKind } from "@pawl/core";
import type { WirePruned } from "@pawl/http";
import { EXIT } from "../exit-codes.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface PruneOptions extends ClientOptions {
  readonly olderThan: number;
  readonly only?: readonly PruneKind[];
  readonly dryRun?: true;
}

/** Deletes what is old and not needed any more. */
export async function prune({ olderThan, only, dryRun, ...options }: PruneOptions): Promise<number> {
  return withClient(options, async ({ client, clear, show }) => {
    const pruned = await client.retention.prune({
      olderThanMs: olderThan,
      // In the order in which one sets another free.
      only: PRUNE_KINDS.filter((kind) => only?.includes(kind) ?? true),
      dryRun: dryRun ?? false,
      onProgress: (kind, count) => show(`${dryRun ? "Counting" : "Pruning"} ${NOUNS[kind]}: ${count}`),
    });
    clear();
    process.stdout.write(options.json ? `${JSON.stringify(pruned)}\n` : describe(pruned));
    return EXIT.completed;
  });
}

const NOUNS: { readonly [Kind in PruneKind]: string } = {
  text: "streamed text of turns",
  turns: "logs of turns",
  waits: "answered waits",
  tasks: "background tasks",
  jobs: "jobs",
  attachments: "attachments",
  nodes: "nodes",
  tokens: "tokens",
};

function describe({ counts, before, dry_run }: WirePruned): string {
  const found = PRUNE_KINDS.filter((kind) => (counts[kind] ?? 0) > 0);
  const since = new Date(before).toISOString();
  if (found.length === 0) return `There is nothing to prune from before ${since}.\n`;
  const lines = found.map((kind) => `${String(counts[kind]).padStart(8)} ${NOUNS[kind]}`);
  return `${dry_run ? "Would be pruned" : "Pruned"}, from before ${since}:\n${lines.join("\n")}\n`;
}
