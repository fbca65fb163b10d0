/** A day: the timer only exists, it does nothing. */
const IDLE_MS = 24 * 60 * 60 * 1000;

/** Keeps the process alive while somebody waits: our clocks do not, so that a program that is done can end. */
export interface KeepAlive {
  /** @returns how to let go */
  hold(): () => void;
}

export function createKeepAlive(): KeepAlive {
  let holders = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    hold() {
      holders += 1;
      timer ??= setInterval(() => {}, IDLE_MS);
      let held = true;
      return () => {
        if (!held) return;
        held = false;
        holders -= 1;
        if (holders > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}
