import type { Clock } from "@pawl/core/ports";

/** Lets one loop wait for a call of `ring`, also one that came before the wait, for an abort, or for a time to pass. */
export interface Bell {
  ring(): void;
  /** From here on only later calls count. */
  reset(): void;
  wait(ms: number): Promise<void>;
  stop(): void;
}

export function createBell(clock: Clock, signal?: AbortSignal): Bell {
  let rung = false;
  let wake = () => {};
  const ring = () => {
    rung = true;
    wake();
  };
  signal?.addEventListener("abort", ring, { once: true });
  return {
    ring,
    reset() {
      rung = false;
    },
    async wait(ms) {
      if (rung || signal?.aborted) return;
      let cancel = () => {};
      await new Promise<void>((resolve) => {
        wake = resolve;
        cancel = clock.at(clock.now() + ms, resolve);
      });
      cancel();
    },
    stop() {
      signal?.removeEventListener("abort", ring);
      ring();
    },
  };
}
