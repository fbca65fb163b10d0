import { PawlError, type ProcessId } from "@pawl/core";
import type { Clock, Logger, NodeLease, ProcessClaim, Processes } from "@pawl/core/ports";
import { processInvalid } from "../errors.ts";
import { createBell } from "./bell.ts";
import { claimAhead, claimLimit } from "./claim-ahead.ts";
import type { AnyProcess } from "./define-process.ts";
import { runProcess } from "./run-process.ts";

export interface ProcessRunnerOptions {
  readonly processes: Processes;
  /** The bodies that this node can run. */
  readonly bodies: readonly AnyProcess[];
  /** The node's lease, and a signal that aborts when it is lost. */
  readonly lease: () => Promise<{ readonly lease: NodeLease; readonly lost: AbortSignal }>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bodies that run at once. Default 16. */
  readonly concurrency?: number;
  /** How often it is looked for work when no hint comes, in milliseconds. Default 1 000. */
  readonly pollMs?: number;
  /** Entries in a row without any progress after which a process fails. Default 5. */
  readonly maxAttempts?: number;
}

const MOST_ENDING = 256;

interface Waiting {
  readonly claim: ProcessClaim;
  readonly lost: AbortSignal;
  /** By the clock of this process, in milliseconds. */
  readonly since: number;
}

/** Runs the bodies of background tasks under the lease of this node, until `stop`. */
export interface ProcessRunner {
  start(): void;
  /** Something may be there to run. */
  poke(): void;
  /**
   * Tells the bodies to stop and waits for them up to `drainMs`. What is rerunnable is left for others; what is bound to this owner
   * is abandoned, with that as evidence. A body that does not stop loses its lease with the node.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
  readonly running: ReadonlySet<ProcessId>;
}

/** @throws PawlError `process_definition_invalid` when two bodies have one name */
export function createProcessRunner(options: ProcessRunnerOptions): ProcessRunner {
  const { processes, clock, logger, concurrency = 16, pollMs = 1_000, maxAttempts = 5 } = options;
  const bodies = new Map(options.bodies.map((body) => [body.name, body]));
  if (bodies.size < options.bodies.length) {
    throw processInvalid("Two background tasks have one name: each name stands for one body.");
  }
  const names = [...bodies.keys()];
  const running = new Map<ProcessId, Promise<void>>();
  /** Those of `running` whose body is over: another body may run while the store takes their ends. */
  const ending = new Set<ProcessId>();
  /** Claimed, and without a place yet. */
  const waiting: Waiting[] = [];
  /** Those of `waiting` to which somebody may have said something since. */
  const changed = new Set<ProcessId>();
  let ahead = 0;
  const stopping = new AbortController();
  const bell = createBell(clock, stopping.signal);
  let loop: Promise<void> | undefined;
  let unlisten = () => {};

  async function lookForever(): Promise<void> {
    while (!stopping.signal.aborted) {
      bell.reset();
      await look().catch((thrown: unknown) => {
        const { code, message } = PawlError.from(thrown);
        logger.warn("looking for background tasks failed", { code, message });
      });
      await bell.wait(pollMs);
    }
  }

  /** Bodies that run; those whose end is being written no longer do. */
  const busy = () => running.size - ending.size;

  async function look(): Promise<void> {
    for (;;) {
      giveBackOld();
      const places = { concurrency, busy: busy(), ahead, waiting: waiting.length };
      // A store that takes ends slowly must not let them pile up.
      const limit = Math.min(claimLimit(places), MOST_ENDING - ending.size);
      if (limit < 1 || stopping.signal.aborted) return;
      const { lease, lost } = await options.lease();
      const enter = { maxStartsInARow: maxAttempts };
      const claims = await processes.claim(lease, { names, limit, enter });
      const full = claims.length === limit;
      ahead = claimAhead(ahead, { concurrency, full, busy: busy(), waiting: waiting.length });
      const since = clock.now();
      waiting.push(...claims.map((claim) => ({ claim, lost, since })));
      if (stopping.signal.aborted) return giveBack(waiting.splice(0));
      fill();
      if (!full) return;
    }
  }

  function fill(): void {
    while (busy() < concurrency) {
      const next = waiting.shift();
      if (next === undefined) return;
      begin(next, stopping.signal);
    }
  }

  /** Bodies have become slow: another node may have a place. */
  function giveBackOld(): void {
    const [first] = waiting;
    if (first === undefined || clock.now() - first.since <= pollMs) return;
    ahead = 0;
    giveBack(waiting.splice(0));
  }

  function giveBack(claimed: readonly Waiting[]): void {
    for (const one of claimed) begin(one, AbortSignal.abort());
  }

  /** `leaving`: aborted when it is to be left to whoever comes next. */
  function begin({ claim, lost }: Waiting, leaving: AbortSignal): void {
    const { processId } = claim.fence;
    const body = bodies.get(claim.record.registration.name);
    const run = runProcess({
      claim,
      body,
      processes,
      clock,
      logger,
      lost,
      stopping: leaving,
      mayHaveChanged: changed.delete(processId),
      maxAttempts,
      retryMs: pollMs,
      onBodyOver() {
        ending.add(processId);
        fill();
        bell.ring();
      },
    })
      .catch(async (thrown: unknown) => {
        const { code, message } = PawlError.from(thrown);
        logger.warn("a background task was given up", { processId, code, message });
        // It may still be ours: then it is not kept from others.
        if (!lost.aborted) await processes.release(claim.fence, { delayMs: pollMs }).catch(() => {});
      })
      .finally(() => {
        if (running.get(processId) === run) {
          running.delete(processId);
          ending.delete(processId);
        }
        fill();
        bell.ring();
      });
    running.set(processId, run);
  }

  return {
    get running() {
      return new Set(running.keys());
    },
    start() {
      if (loop !== undefined || stopping.signal.aborted) return;
      unlisten = processes.onChange((id) => {
        for (const { claim } of waiting) {
          const { processId } = claim.fence;
          if (id === undefined || id === processId) changed.add(processId);
        }
        if (id === undefined || !running.has(id)) bell.ring();
      });
      loop = lookForever();
    },
    poke: bell.ring,
    async stop({ drainMs = 0 } = {}) {
      unlisten();
      stopping.abort(new PawlError("node_stopping", "This node is stopping."));
      giveBack(waiting.splice(0));
      const ended = Promise.resolve(loop).then(() => Promise.allSettled(running.values()));
      let cancel = () => {};
      const passed = new Promise<void>((resolve) => {
        cancel = clock.at(clock.now() + drainMs, resolve);
      });
      await Promise.race([ended, passed]);
      cancel();
      if (running.size > 0) {
        logger.warn("background tasks did not stop when they were told to", {
          processIds: [...running.keys()],
        });
      }
    },
  };
}
