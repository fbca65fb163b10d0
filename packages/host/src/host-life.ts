import { loadJsonDigest, type SessionId } from "@pawl/core";
import type { Clock, Logger, Store } from "@pawl/core/ports";
import type { ProcessRunner } from "@pawl/effects/processes";
import type { LeaseKeeper, QueueRunner, SessionWorker, TimerLoop } from "@pawl/queue-runner";
import { watchDueSessions } from "./due-sessions.ts";
import { hostStopped } from "./errors.ts";
import type { Host } from "./host.ts";
import type { KeepAlive } from "./keep-alive.ts";
import type { OutboxMessages } from "./outbox-messages.ts";

/** How long a host that starts has nothing but its first turns in mind, in milliseconds. */
const FIRST_TURNS_MS = 50;

export interface HostLifeOptions {
  readonly store: Pick<Store, "open" | "leases">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly hold: KeepAlive["hold"];
  readonly keeper: LeaseKeeper;
  readonly runner: QueueRunner;
  readonly worker: SessionWorker;
  readonly timers: TimerLoop;
  /** Fires what is due now. */
  readonly fireDue: () => Promise<unknown>;
  /** Absent for a host without bodies of background tasks. */
  readonly taskRunner: ProcessRunner | undefined;
  /** Absent for a host without handlers of messages. */
  readonly messages: OutboxMessages | undefined;
}

export interface HostLife
  extends Pick<Host, "start" | "stop" | "pause" | "resume" | "drain" | "nodeLease" | "ready"> {
  /** Begins to drive, unless this host was stopped, and does then what is asked. */
  startDriving(then?: () => void): void;
  /** Begins to drive, and looks at this session now. */
  poke(sessionId: SessionId, reason: string): void;
}

/** From the first use of a host to its stop: owns whether it drives, and what of it runs. */
export function createHostLife(options: HostLifeOptions): HostLife {
  const { store, clock, logger, hold, keeper, runner, worker, timers, taskRunner, messages } = options;
  let started: Promise<void> | undefined;
  let stopped = false;
  let unlisten = () => {};
  let letGo = () => {};

  function begin(): Promise<void> {
    started ??= openAll().catch((cause: unknown) => {
      // The next caller tries again.
      started = undefined;
      throw cause;
    });
    return started;
  }

  async function openAll(): Promise<void> {
    const opening = store.open();
    // Every turn needs it: it is made ready while the store waits for its connections. Whether that fails the first turn is told.
    loadJsonDigest().catch(() => undefined);
    await opening;
    await keeper.current();
    if (stopped) return;
    const unlistenWork = store.leases.onWork((id) =>
      id === undefined ? runner.poke("hint") : runner.pokeSession(id, "hint"),
    );
    const unlistenDue = watchDueSessions(store.leases, clock, timers.hint);
    unlisten = () => {
      unlistenWork();
      unlistenDue();
    };
    // First: most hosts have no bodies, and those that do may find a long queue of them.
    taskRunner?.start();
    runner.start();
    // What goes on is what a restart is waited for: the rest does not take the connections that there are from its claims, and what
    // may be due, which mostly is nothing, not from the turns that these begin.
    const first = until(clock.now() + FIRST_TURNS_MS);
    void Promise.race([runner.settled(), first]).then(() => !stopped && messages?.start());
    void first.then(() => !stopped && timers.start());
  }

  function startDriving(then = () => {}): void {
    if (stopped) return;
    begin().then(then, (cause: unknown) => {
      if (!stopped) logger.error("this host could not begin to drive", { message: String(cause) });
    });
  }

  function until(at: number): Promise<void> {
    return new Promise((resolve) => {
      clock.at(at, resolve);
    });
  }

  return {
    startDriving,
    poke: (id, reason) => startDriving(() => runner.pokeSession(id, reason)),
    async start() {
      if (stopped) throw hostStopped();
      await begin();
      // Held once, however often it was started, and not at all when it was stopped meanwhile.
      letGo();
      if (!stopped) letGo = hold();
    },
    async stop({ drainMs = 4_000 } = {}) {
      stopped = true;
      unlisten();
      const release = hold();
      try {
        // A store that cannot be reached must not keep this process from ending.
        const begun = started && Promise.race([started.catch(() => {}), until(clock.now() + drainMs)]);
        await Promise.all([
          runner.stop({ drainMs }),
          taskRunner?.stop({ drainMs }),
          messages?.stop(),
          timers.stop(),
          begun,
        ]);
        await keeper.close();
      } finally {
        release();
        letGo();
      }
    },
    pause: runner.pause,
    resume: runner.resume,
    async drain({ maxMs }) {
      if (stopped) throw hostStopped();
      const before = worker.driven;
      const deadline = clock.now() + maxMs;
      const release = hold();
      try {
        // Whoever pays by the second is not kept by a store that does not answer.
        await Promise.race([begin().then(options.fireDue), until(deadline)]);
        runner.poke("drain");
        while (clock.now() < deadline) {
          // A turn may start a task, and a task may send an input.
          await Promise.race([taskRunner?.settled(), until(deadline)]);
          await Promise.race([runner.settled(), until(deadline)]);
          if (runner.inFlight.size === 0 && !taskRunner?.running.size) break;
          await Promise.race([worker.idle(), until(deadline)]);
        }
        await Promise.race([messages?.drain(), until(deadline)]);
      } finally {
        release();
      }
      return { driven: worker.driven - before };
    },
    async nodeLease() {
      await store.open();
      return (await keeper.current()).lease;
    },
    async ready() {
      return !stopped && keeper.held;
    },
  };
}
