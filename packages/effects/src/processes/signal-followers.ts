/**
 * Aborts many controllers when one of a few signals that outlive them does, by one listener a signal. `AbortSignal.any` costs several times
 * as much, and leaves it to the collector of garbage to take what is over off the signals that live on.
 */
export class SignalFollowers {
  readonly #followers = new WeakMap<AbortSignal, Set<AbortController>>();

  /** @returns how to stop following */
  follow(signals: readonly AbortSignal[], abort: AbortController): () => void {
    const followed: Set<AbortController>[] = [];
    for (const signal of signals) {
      if (signal.aborted) {
        abort.abort(signal.reason);
        continue;
      }
      const followers = this.#of(signal);
      followers.add(abort);
      followed.push(followers);
    }
    return () => {
      for (const followers of followed) followers.delete(abort);
    };
  }

  #of(signal: AbortSignal): Set<AbortController> {
    const known = this.#followers.get(signal);
    if (known !== undefined) return known;
    const followers = new Set<AbortController>();
    this.#followers.set(signal, followers);
    const tell = () => {
      for (const one of [...followers]) one.abort(signal.reason);
    };
    signal.addEventListener("abort", tell, { once: true });
    return followers;
  }
}
