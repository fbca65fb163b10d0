import { nodeId, PawlError } from "@pawl/core";
import type { Clock, NodeRecord, Store } from "@pawl/core/ports";

/** The processes that drive sessions of the store, this one among them. For whoever runs the host. */
export interface Nodes {
  /** Living ones first, then those that were opened last. Default limit 100. */
  list(query?: { readonly limit?: number }): Promise<readonly NodeRecord[]>;
  /**
   * From now on it begins with no session and no background task, until `resume` or until its process is started anew; what it does, it
   * goes on with, and others take what comes. @throws PawlError `node_unknown`
   */
  pause(id: string): Promise<void>;
  /** @throws PawlError `node_unknown` */
  resume(id: string): Promise<void>;
  /**
   * Pauses it and waits until it drives nothing, at most `maxMs` (default 30 000). `idle` is false when it still does then; it is paused
   * all the same. @throws PawlError `node_unknown`
   */
  drain(id: string, options?: { readonly maxMs?: number }): Promise<{ readonly idle: boolean }>;
}

/** How often a drain looks whether the node drives anything still, in milliseconds. */
const DRAIN_LOOK_MS = 100;
/** More than anybody runs; those that are gone come last. */
const MOST_NODES = 10_000;

export function createNodes({
  store,
  clock,
  hold,
}: {
  readonly store: Pick<Store, "open" | "leases">;
  readonly clock: Clock;
  readonly hold: () => () => void;
}): Nodes {
  async function setPaused(id: string, paused: boolean): Promise<void> {
    await store.open();
    if (!(await store.leases.setNodePaused(nodeId(id), paused))) throw nodeUnknown(id);
  }

  return {
    async list({ limit = 100 } = {}) {
      await store.open();
      return store.leases.nodes({ limit });
    },
    pause: (id) => setPaused(id, true),
    resume: (id) => setPaused(id, false),
    async drain(id, { maxMs = 30_000 } = {}) {
      await setPaused(id, true);
      const deadline = clock.now() + maxMs;
      const release = hold();
      try {
        for (;;) {
          const all = await store.leases.nodes({ limit: MOST_NODES });
          if ((all.find((node) => node.nodeId === id)?.sessions ?? 0) === 0) return { idle: true };
          const now = clock.now();
          if (now >= deadline) return { idle: false };
          await new Promise<void>((resolve) => clock.at(Math.min(deadline, now + DRAIN_LOOK_MS), resolve));
        }
      } finally {
        release();
      }
    },
  };
}

function nodeUnknown(id: string): PawlError {
  return new PawlError(
    "node_unknown",
    `No living node is named "${id}". List the nodes to see those that are.`,
    {
      blame: "peer",
    },
  );
}
