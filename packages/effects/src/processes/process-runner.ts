import { PawlError, type ProcessEnd, type ProcessId } from "@pawl/core";
import type {
  Clock,
  Logger,
  NodeLease,
  ProcessAppend,
  ProcessAppended,
  ProcessClaim,
  Processes,
} from "@pawl/core/ports";
import { processInvalid } from "../errors.ts";
import { enteredByClaimBelow, isLastChance } from "./attempts-policy.ts";
import { claimAhead, claimLimit } from "./claim-ahead.ts";
import type { AnyProcess } from "./define-process.ts";
import { Looks } from "./looks.ts";
import { runProcess } from "./run-process.ts";
import { SignalFollowers } from "./signal-followers.ts";

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
  /**
   * How often it is looked for work when no hint comes, in milliseconds; half as often while nothing runs here. Default 1 000.
   */
  readonly pollMs?: number;
  /** Entries in a row without any progress after which a process fails. Default 5. */
  readonly maxAttempts?: number;
}

const MOST_ENDING = 256;
/** Longer than a poll, where nothing runs: hints tell of what comes, and polls find only what hints have lost. */
const IDLE_POLLS = 2;

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
   * Registers a process. When this node has its body and a place for it, and nothing that came earlier waits, it is claimed in the same
   * transaction and runs at once. Throws as `Processes.append`.
   */
  register(append: ProcessAppend): Promise<ProcessAppended>;
  /**
   * Tells the bodies to stop and waits for them up to `drainMs`. What is rerunnable is left for others; what is bound to this owner
   * is abandoned, with that as evidence. A body that does not stop loses its lease with the node.
   */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
  /** Resolves once it has looked for work after this call, and nothing runs or waits for a place here; at once when it does not run. */
  settled(): Promise<void>;
  readonly running: ReadonlySet<ProcessId>;
  /** Of one that runs here: how it ended, once that is written, or null when it was left to others. Undefined for all that do not. */
  end(id: ProcessId): Promise<ProcessEnd | null> | undefined;
}

/** @throws PawlError `process_definition_invalid` when two bodies have one name */
export function createProcessRunner(options: ProcessRunnerOptions): ProcessRunner {
  const { processes, clock, logger, concurrency = 16, pollMs = 1_000, maxAttempts = 5 } = options;
  const bodies = new Map(options.bodies.map((body) => [body.name, body]));
  if (bodies.size < options.bodies.length) {
    throw processInvalid("Two background tasks have one name: each name stands for one body.");
  }
  const names = [...bodies.keys()];
  const running = new Map<ProcessId, Promise<ProcessEnd | null>>();
  /** Those of `running` whose body is over: another body may run while the store takes their ends. */
  const ending = new Set<ProcessId>();
  /** Claimed, and without a place yet. */
  const waiting: Waiting[] = [];
  /** Those of `waiting` to which somebody may have said something since. */
  const changed = new Set<ProcessId>();
  let ahead = 0;
  /** Runs without company of its kind, see `attempts-policy.ts`. */
  let lastChance: ProcessId | undefined;
  /** Something may wait for a place: the last claim brought all that it could, or somebody has said something since it was asked. */
  let more = true;
  /** Registrations that will need a place if they are claimed. */
  const registering = new Set<Promise<unknown>>();
  const stopping = new AbortController();
  const followers = new SignalFollowers();
  const looks = new Looks(clock, stopping.signal);
  /** Something began since the last look: it may have been left, to be claimed again a little later. */
  let ran = false;
  let loop: Promise<void> | undefined;
  let unlisten = () => {};

  /** How long the next look may wait, in milliseconds. */
  async function lookAndTell(): Promise<number> {
    more = true;
    await look().catch((thrown: unknown) => {
      const { code, message } = PawlError.from(thrown);
      logger.warn("looking for background tasks failed", { code, message });
    });
    const isIdle = !ran && running.size === 0;
    ran = false;
    return isIdle ? IDLE_POLLS * pollMs : pollMs;
  }

  /** Places that are taken; a body whose end is being written has left its own. */
  const busy = () => running.size - ending.size + registering.size;

  async function look(): Promise<void> {
    for (;;) {
      giveBackOld();
      const places = { concurrency, busy: busy(), ahead, waiting: waiting.length };
      // A store that takes ends slowly must not let them pile up.
      const limit = Math.min(claimLimit(places), MOST_ENDING - ending.size);
      if (limit < 1 || stopping.signal.aborted) return;
      const { lease, lost } = await options.lease();
      const mayWait = limit + waiting.length > concurrency - busy();
      const enter = { maxStartsInARow: enteredByClaimBelow(maxAttempts, mayWait) };
      more = false;
      const claims = await processes.claim(lease, { names, limit, enter });
      const full = claims.length === limit;
      more ||= full;
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
      const { fence, record, entered } = next.claim;
      const isLast = !entered && isLastChance(record.startsInARow, maxAttempts);
      const waitsForOther = isLast && lastChance !== undefined;
      if (isLast) lastChance ??= fence.processId;
      begin(next, stopping.signal, waitsForOther);
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

  /** `leaving`: aborted when it is to be left to whoever comes next. `isEarly`: it is to be left, and claimed again a little later. */
  function begin({ claim, lost }: Waiting, leaving: AbortSignal, isEarly = false): void {
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
      followers,
      isEarly,
      mayHaveChanged: changed.delete(processId),
      maxAttempts,
      retryMs: pollMs,
      onBodyOver() {
        ending.add(processId);
        placeIsFree();
      },
    })
      .catch(async (thrown: unknown) => {
        const { code, message } = PawlError.from(thrown);
        logger.warn("a background task was given up", { processId, code, message });
        // It may still be ours: then it is not kept from others.
        if (!lost.aborted) await processes.release(claim.fence, { delayMs: pollMs }).catch(() => {});
        return null;
      })
      .finally(() => {
        if (running.get(processId) === run) {
          running.delete(processId);
          ending.delete(processId);
          if (lastChance === processId) lastChance = undefined;
        }
        placeIsFree();
      });
    running.set(processId, run);
    ran = true;
  }

  function placeIsFree(): void {
    fill();
    // Where nothing is known to wait it is not looked for: hints and polls are there for that.
    if (more || waiting.length > 0) looks.ring();
  }

  async function register(append: ProcessAppend): Promise<ProcessAppended> {
    const [first] = append.bodies;
    const name = first?.type === "registered" ? first.registration.name : "";
    const hasPlace = loop !== undefined && waiting.length === 0 && busy() < concurrency;
    if (!bodies.has(name) || !hasPlace || ending.size >= MOST_ENDING || stopping.signal.aborted) {
      return processes.append(append);
    }
    const registered = claimed(append);
    registering.add(registered);
    try {
      return await registered;
    } finally {
      registering.delete(registered);
      placeIsFree();
    }
  }

  /** The claim that comes back has begun to run: there is no moment at which it is neither here nor there. */
  async function claimed(append: ProcessAppend): Promise<ProcessAppended> {
    const { lease, lost } = await options.lease();
    const appended = await processes.append({ ...append, claim: { lease, names } });
    const { claim } = appended;
    if (claim !== undefined) begin({ claim, lost, since: clock.now() }, stopping.signal);
    return appended;
  }

  return {
    get running() {
      return new Set(running.keys());
    },
    end: (id) => running.get(id),
    register,
    start() {
      if (loop !== undefined || stopping.signal.aborted) return;
      unlisten = processes.onChange((id, record) => {
        for (const { claim } of waiting) {
          const { processId } = claim.fence;
          if (id === undefined || id === processId) changed.add(processId);
        }
        // What has ended waits for nobody.
        if (id !== undefined && (running.has(id) || (record?.end ?? null) !== null)) return;
        more = true;
        looks.ring();
      });
      loop = looks.forever(lookAndTell);
    },
    poke: looks.ring,
    async settled() {
      if (loop === undefined) return;
      do {
        await Promise.allSettled([...registering, ...running.values()]);
        await looks.onceMore();
      } while (registering.size + running.size + waiting.length > 0 && !stopping.signal.aborted);
    },
    async stop({ drainMs = 0 } = {}) {
      unlisten();
      stopping.abort(new PawlError("node_stopping", "This node is stopping."));
      giveBack(waiting.splice(0));
      const ended = Promise.allSettled([loop, ...registering]).then(() =>
        Promise.allSettled(running.values()),
      );
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
