/** Time, handed in. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back at or after this time; the result takes it back. */
  at(time: number, callback: () => void): () => void;
}

/** setTimeout's own limit; a longer wait is taken in several. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  at: (time, callback) => {
    let timer: ReturnType<typeof setTimeout>;
    const arm = () => {
      const delay = Math.max(0, time - Date.now());
      timer = setTimeout(() => (Date.now() >= time ? callback() : arm()), Math.min(delay, MAX_DELAY_MS));
    };
    arm();
    return () => clearTimeout(timer);
  },
};
