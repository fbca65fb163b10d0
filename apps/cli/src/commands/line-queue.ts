/** Lines that come at any time, taken one by one. */
export interface LineQueue {
  push(line: string): void;
  /** No more will come. */
  end(): void;
  /** The next line; undefined when there are no more. Rejects with the signal's reason and takes nothing when that aborts first. */
  next(signal?: AbortSignal): Promise<string | undefined>;
}

export function createLineQueue(): LineQueue {
  const lines: string[] = [];
  let ended = false;
  let wake = () => {};
  return {
    push(line) {
      lines.push(line);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async next(signal) {
      for (;;) {
        signal?.throwIfAborted();
        const line = lines.shift();
        if (line !== undefined || ended) return line;
        await new Promise<void>((resolve) => {
          wake = resolve;
          signal?.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    },
  };
}
