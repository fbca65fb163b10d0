import { type NodeId, PawlError } from "@pawl/core";
import type { Clock, Leases, Logger, NodeLease } from "@pawl/core/ports";
import { answeredWithin } from "./answered-within.ts";
import { nodeClosed } from "./errors.ts";
import { afterFailedRenewal, leaseEndsAt, renewalDueAt } from "./lease-policy.ts";

/** A process that ends is not kept from it by a store that does not answer. */
const CLOSE_WITHIN_MS = 2_000;

export interface LeaseKeeperOptions {
  readonly leases: Pick<Leases, "openNode" | "renewNode" | "closeNode">;
  readonly nodeId: NodeId;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly ttlMs: number;
}

/** A lease and the signal that aborts when it is lost (D3). */
export interface KeptLease {
  readonly lease: NodeLease;
  readonly lost: AbortSignal;
  /** Its time is over by this process's clock. A process that stood still knows that before its timers have told of the loss. */
  readonly isOver: () => boolean;
}

/**
 * Keeps this process's node lease alive, as `lease-policy.ts` decides: renews at a third of its time to live. A renewal that is refused,
 * or none that succeeded for a whole time to live, trips the latch: everything that writes under the lease stops, and the next
 * request begins a new generation.
 */
export interface LeaseKeeper {
  /** The lease that holds now; opens one when there is none. @throws PawlError `node_closed`; what the store throws */
  current(): Promise<KeptLease>;
  readonly held: boolean;
  /** Gives the lease back. When the store cannot be told, it runs out by itself: that is logged and not thrown. */
  close(): Promise<void>;
}

interface Kept {
  readonly lease: NodeLease;
  readonly latch: AbortController;
  renewedAt: number;
  cancelTimers: () => void;
}

export function createLeaseKeeper({ leases, nodeId, clock, logger, ttlMs }: LeaseKeeperOptions): LeaseKeeper {
  let kept: Kept | undefined;
  let opening: Promise<KeptLease> | undefined;
  let closed = false;

  async function open(): Promise<KeptLease> {
    if (closed) throw nodeClosed();
    const renewedAt = clock.now();
    const lease = await leases.openNode(nodeId, { ttlMs });
    const mine: Kept = { lease, latch: new AbortController(), renewedAt, cancelTimers: () => {} };
    kept = mine;
    arm(mine);
    return keptOf(mine);
  }

  function keptOf(mine: Kept): KeptLease {
    const isOver = () => clock.now() >= leaseEndsAt({ ttlMs, renewedAt: mine.renewedAt });
    return { lease: mine.lease, lost: mine.latch.signal, isOver };
  }

  /** Both timers: a renewal may never answer, and the latch must trip in time all the same. */
  function arm(mine: Kept): void {
    mine.cancelTimers();
    const cancelRenewal = clock.at(renewalDueAt(clock.now(), { ttlMs }), () => void renew(mine));
    const cancelEnd = clock.at(leaseEndsAt({ ttlMs, renewedAt: mine.renewedAt }), () => {
      const message = `The store was not reached for ${ttlMs} ms.`;
      trip(mine, new PawlError("lease_not_renewed", message, { blame: "infrastructure" }));
    });
    mine.cancelTimers = () => {
      cancelRenewal();
      cancelEnd();
    };
  }

  async function renew(mine: Kept): Promise<void> {
    const askedAt = clock.now();
    try {
      await leases.renewNode(mine.lease);
      mine.renewedAt = askedAt;
    } catch (thrown) {
      if (kept !== mine) return;
      const { code, message } = PawlError.from(thrown);
      if (afterFailedRenewal(thrown, clock.now(), { ttlMs, renewedAt: mine.renewedAt }) === "lost") {
        return trip(mine, thrown);
      }
      logger.warn("renewing the node's lease failed", { nodeId, code, message });
    }
    if (kept === mine) arm(mine);
  }

  function trip(mine: Kept, cause: unknown): void {
    if (kept !== mine) return;
    kept = undefined;
    mine.cancelTimers();
    const { code, message } = PawlError.from(cause);
    logger.error("the node's lease is lost", { nodeId, code, message });
    mine.latch.abort(cause);
  }

  async function giveBack(): Promise<void> {
    await opening?.catch(() => {});
    const last = kept;
    kept = undefined;
    last?.cancelTimers();
    if (last !== undefined) await leases.closeNode(last.lease);
  }

  return {
    get held() {
      return kept !== undefined;
    },
    current() {
      if (kept !== undefined) return Promise.resolve(keptOf(kept));
      opening ??= open().finally(() => {
        opening = undefined;
      });
      return opening;
    },
    async close() {
      closed = true;
      try {
        await answeredWithin(clock, CLOSE_WITHIN_MS, giveBack(), "Giving back the node's lease");
      } catch (thrown) {
        const { code, message } = PawlError.from(thrown);
        logger.warn("the node's lease could not be given back; it runs out by itself", {
          nodeId,
          code,
          message,
        });
      }
    },
  };
}
