import type { Principals } from "../principals/principals.ts";

export interface TokenWatch {
  /** Aborts when the token lets nobody in any more. `release` when what it was watched for has ended. */
  watch(token: string): { readonly signal: AbortSignal; release(): void };
  close(): void;
}

interface Watched {
  readonly controller: AbortController;
  uses: number;
}

/**
 * Asks again and again for the tokens of streams that are open, so that what was opened with a token does not outlive it: one
 * question a token, however many streams there are, and none while there is no stream.
 */
export function createTokenWatch(principals: Principals, everyMs: number): TokenWatch {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  let asking = false;

  async function look(): Promise<void> {
    if (asking) return;
    asking = true;
    try {
      for (const [token, { controller }] of [...watched]) {
        // A store that cannot be asked has not said no.
        const valid = await principals.authenticate(token).then(
          (principal) => principal !== undefined,
          () => true,
        );
        if (valid) continue;
        watched.delete(token);
        controller.abort();
      }
      rest();
    } finally {
      asking = false;
    }
  }

  function rest(): void {
    if (watched.size > 0 || timer === undefined) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    watch(token) {
      const entry = watched.get(token) ?? { controller: new AbortController(), uses: 0 };
      watched.set(token, entry);
      entry.uses += 1;
      timer ??= setInterval(() => void look(), everyMs).unref();
      let released = false;
      return {
        signal: entry.controller.signal,
        release() {
          if (released) return;
          released = true;
          entry.uses -= 1;
          if (entry.uses > 0 || watched.get(token) !== entry) return;
          watched.delete(token);
          rest();
        },
      };
    },
    close() {
      watched.clear();
      rest();
    },
  };
}
