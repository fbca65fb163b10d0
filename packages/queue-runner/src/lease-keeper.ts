import { isPawlError, type NodeId, PawlError } from "@pawl/core";
import type { Clock, Leases, Logger, NodeLease } from "@pawl/core/ports";

export interface LeaseKeeperOptions {
  readonly leases: Leases;
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ttlMs: number;
}

/** A lease and the signal that aborts when it is lost (D3). */
export interface KeptLease {
  readonly lease: NodeLease;
  readonly lost: AbortSignal;
}

/**
 * Keeps this process's node lease alive: renews at a third of its time to live. A renewal that is refused, or that did not
 * succeed for a whole time to live, trips the latch: everything that writes under the lease stops, and a new generation begins.
 */
export interface LeaseKeeper {
  /** The lease that holds now; opens one when there is none. @throws what the store throws */
  current(): Promise<KeptLease>;
  readonly held: boolean;
  close(): Promise<void>;
}

export function createLeaseKeeper({ leases, nodeId, clock, logger, ttlMs }: LeaseKeeperOptions): LeaseKeeper {
  let kept: { readonly lease: NodeLease; readonly latch: AbortController; renewedAt: number } | undefined;
  let opening: Promise<KeptLease> | undefined;
  let closed = false;
  let cancelTimer = () => {};

  async function open(): Promise<KeptLease> {
    if (closed)
      throw new PawlError("node_closed", "This node was stopped. Start it again before giving it work.");
    const askedAt = clock.now();
    const lease = await leases.openNode(nodeId, { ttlMs });
    kept = { lease, latch: new AbortController(), renewedAt: askedAt };
    armRenewal();
    return { lease, lost: kept.latch.signal };
  }

  function armRenewal(): void {
    cancelTimer = clock.at(clock.now() + Math.floor(ttlMs / 3), () => void renew());
  }

  async function renew(): Promise<void> {
    if (kept === undefined || closed) return;
    const mine = kept;
    const askedAt = clock.now();
    try {
      await leases.renewNode(mine.lease);
      mine.renewedAt = askedAt;
    } catch (thrown) {
      const overdue = clock.now() - mine.renewedAt >= ttlMs;
      if (isPawlError(thrown, "store_fenced") || overdue) return trip(thrown);
      logger.warn("renewing the node's lease failed", { nodeId, message: PawlError.from(thrown).message });
    }
    if (kept === mine && !closed) armRenewal();
  }

  function trip(cause: unknown): void {
    logger.error("the node's lease is lost", { nodeId, message: PawlError.from(cause).message });
    const lost = kept;
    kept = undefined;
    cancelTimer();
    lost?.latch.abort(cause);
  }

  return {
    get held() {
      return kept !== undefined;
    },
    current() {
      if (kept !== undefined) return Promise.resolve({ lease: kept.lease, lost: kept.latch.signal });
      opening ??= open().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    async close() {
      closed = true;
      cancelTimer();
      await opening?.catch(() => {});
      const last = kept;
      kept = undefined;
      if (last !== undefined) await leases.closeNode(last.lease);
    },
  };
}
