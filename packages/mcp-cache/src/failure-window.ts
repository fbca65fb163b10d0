import { LRUCache } from "lru-cache";
import type { DiscoveryKey } from "./cache-key.ts";
import { type DiscoveryFailure, failureOf } from "./errors.ts";
import { concerns, type InvalidateTarget } from "./invalidate-target.ts";

/** Failures of the last moments, shared with everybody who asks before the next fetch is due (C3). */
export interface FailureWindow {
  /** Remembers a failed fetch for the negative window and up to half of it more, so that many hosts do not return at once. */
  note(slot: string, key: DiscoveryKey, thrown: unknown, now: number): void;
  recent(slot: string, now: number): DiscoveryFailure | undefined;
  /** The server of `key` answered. */
  clear(key: DiscoveryKey): void;
  clearConcerned(target: InvalidateTarget): void;
}

interface Failure {
  readonly key: DiscoveryKey;
  readonly error: DiscoveryFailure;
  readonly retryAt: number;
}

export function createFailureWindow(
  negativeTtlMs: number,
  maxEntries: number,
  random: () => number,
): FailureWindow {
  const failures = new LRUCache<string, Failure>({ max: maxEntries });
  return {
    note(slot, key, thrown, now) {
      failures.set(slot, {
        key,
        error: failureOf(thrown),
        retryAt: now + negativeTtlMs * (1 + random() / 2),
      });
    },
    recent(slot, now) {
      const failure = failures.get(slot);
      return failure === undefined || now >= failure.retryAt ? undefined : failure.error;
    },
    clear(key) {
      failures.delete(key.privateSlot);
      failures.delete(key.publicSlot);
    },
    clearConcerned(target) {
      for (const [slot, { key }] of [...failures.entries()]) if (concerns(target, key)) failures.delete(slot);
    },
  };
}
