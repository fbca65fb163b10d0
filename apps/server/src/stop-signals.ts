import type { EventEmitter } from "node:events";

/** A terminal's Ctrl-C reaches the whole group, and npm or pnpm hand it on once more: it is one wish. */
const SAME_WISH_MS = 400;

export interface StopSignals {
  /** Stops listening. */
  off(): void;
}

/** Calls `first` at the first SIGINT or SIGTERM and `again` at each later one. */
export function onStopSignals(
  first: (signal: NodeJS.Signals) => void,
  again: (signal: NodeJS.Signals) => void,
  { emitter = process as EventEmitter, now = () => performance.now() } = {},
): StopSignals {
  let since: number | undefined;
  const heard = (signal: NodeJS.Signals) => {
    if (since === undefined) {
      since = now();
      first(signal);
    } else if (now() - since >= SAME_WISH_MS) again(signal);
  };
  emitter.on("SIGINT", heard);
  emitter.on("SIGTERM", heard);
  return {
    off() {
      emitter.off("SIGINT", heard);
      emitter.off("SIGTERM", heard);
    },
  };
}
