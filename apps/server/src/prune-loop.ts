import type { PruneKind } from "@pawl/core";
import type { Clock, Logger } from "@pawl/core/ports";
import type { Host } from "@pawl/host";

export interface PruneLoopOptions {
  readonly host: Pick<Host, "prune">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long jobs that have ended, nodes that are gone and tokens that are not valid any more are kept, in milliseconds. */
  readonly keepMs: number;
  /** Uniform in [0, 1): servers of one database do not all begin at once. */
  readonly random: () => number;
  readonly everyMs?: number;
}

const HOUR_MS = 3_600_000;
/** What nobody looks for any more; turns, answers and files are pruned only by who says so. */
const KINDS: readonly PruneKind[] = ["jobs", "nodes", "tokens"];

/**
 * Lets go of jobs that ended long ago, which nobody can resume any more, with their logs and the sessions that submitted them, of nodes that
 * are gone, and of tokens that let nobody in any more: a server that runs for years does not grow by them. Each round is small batches beside everything else; one that fails is
 * logged, and the next one comes.
 */
export function createPruneLoop(options: PruneLoopOptions): { start(): void; stop(): Promise<void> } {
  const { host, clock, logger, keepMs, random, everyMs = HOUR_MS } = options;
  const stopping = new AbortController();
  let cancel = () => {};
  let working: Promise<void> = Promise.resolve();

  async function prune(): Promise<void> {
    try {
      const { counts } = await host.prune({ olderThanMs: keepMs, only: KINDS, signal: stopping.signal });
      if (KINDS.some((kind) => (counts[kind] ?? 0) > 0))
        logger.info("Old jobs, nodes and tokens were pruned.", { ...counts });
    } catch (error) {
      if (!stopping.signal.aborted)
        logger.warn("Pruning failed; it is tried again later.", { error: String(error) });
    }
    arm(everyMs);
  }

  function arm(afterMs: number): void {
    if (stopping.signal.aborted) return;
    cancel = clock.at(clock.now() + afterMs * (0.75 + random() / 2), () => {
      working = prune();
    });
  }

  return {
    // Soon after the start too: a server that is started anew every day prunes as well.
    start: () => arm(everyMs / 60),
    async stop() {
      stopping.abort();
      cancel();
      await working;
    },
  };
}
