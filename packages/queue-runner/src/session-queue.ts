import { BEHAVIOUR, nodeId } from "@pawl/core";
import type { Clock, Leases, Logger, SessionClaim } from "@pawl/core/ports";
import { nodeClosed } from "./errors.ts";
import { createLeaseKeeper } from "./lease-keeper.ts";
import { type QueueRunner, scheduleRuns } from "./queue-runner.ts";
import { createSessionWorker, type SessionWorker } from "./session-worker.ts";

export interface SessionQueueOptions {
  /** Where sessions that have something to do are claimed: a store's `leases`. The store is open. */
  readonly queue: Leases;
  /** Drives a claimed session and leaves it: a turn driver's `drive`. */
  readonly drive: (
    work: SessionClaim,
    options: { readonly signal: AbortSignal; readonly stopping: AbortSignal },
  ) => Promise<unknown>;
  /** Behaviour versions of open turns that `drive` can go on with (D7). Default: this release's. */
  readonly behaviours?: readonly string[];
  readonly clock: Clock;
  /** Default: silence. */
  readonly logger?: Logger;
  /** Uniform in [0, 1), for jitter. Default: the platform's. */
  readonly random?: () => number;
  /** Names this process among the nodes of the store; made up when absent. */
  readonly nodeId?: string;
  /** How long the store believes in this node without hearing of it, in milliseconds. Default 15 000. */
  readonly leaseTtlMs?: number;
  /** Sessions that are driven at once. Default 16. */
  readonly concurrency?: number;
  /** The recovery poll, in milliseconds. Default 400. */
  readonly pollMs?: number;
}

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A runner over the sessions of a store: its lease, its claims and the hints about work are joined here. */
export function runSessionQueue(options: SessionQueueOptions): QueueRunner {
  const { queue, clock, logger = SILENT, random = Math.random, concurrency, pollMs } = options;
  const keeper = createLeaseKeeper({
    leases: queue,
    nodeId: nodeId(options.nodeId ?? `node_${crypto.randomUUID().replaceAll("-", "")}`),
    clock,
    logger,
    ttlMs: options.leaseTtlMs ?? 15_000,
  });
  const worker: SessionWorker = createSessionWorker({
    leases: queue,
    keeper,
    clock,
    logger,
    random,
    behaviours: options.behaviours ?? [BEHAVIOUR],
    drive: options.drive,
    completed: (id) => runner.completeSession(id, "queued_turn_completed"),
  });
  const runner = scheduleRuns({
    handle: worker,
    clock,
    logger,
    random,
    ...(concurrency !== undefined && { concurrency }),
    ...(pollMs !== undefined && { pollMs }),
  });
  let unlisten = () => {};
  let stopped = false;
  return {
    ...runner,
    get mode() {
      return runner.mode;
    },
    start() {
      if (stopped) throw nodeClosed();
      unlisten();
      unlisten = queue.onWork((id) =>
        id === undefined ? runner.poke("hint") : runner.pokeSession(id, "hint"),
      );
      runner.start();
    },
    async stop(stop) {
      stopped = true;
      unlisten();
      await runner.stop(stop);
      await keeper.close();
    },
  };
}
