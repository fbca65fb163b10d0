import { LRUCache } from "lru-cache";
import type { DiscoveryKey } from "./cache-key.ts";
import type { Entry } from "./discovery-entry.ts";
import { type Doubt, type Freshness, freshnessOf } from "./freshness.ts";
import { concerns, type InvalidateTarget } from "./invalidate-target.ts";

export interface Held<Tool> {
  readonly entry: Entry<Tool>;
  readonly freshness: Freshness;
}

/** The lists that are kept, bounded in number and bytes (C7), each visible to those only that it belongs to (C6). */
export interface ListStore<Tool> {
  /** The list that would be served for `key`: its own before the public one, and no expired one before a usable one. */
  held(key: DiscoveryKey, now: number): Held<Tool> | undefined;
  put(key: DiscoveryKey, entry: Entry<Tool>): void;
  doubt(target: InvalidateTarget, reason: Exclude<Doubt, "none">): void;
  forgetSession(session: string): void;
  readonly size: number;
  readonly bytes: number;
}

export interface ListStoreOptions {
  readonly maxStaleMs: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
}

export function createListStore<Tool>({
  maxStaleMs,
  maxEntries,
  maxBytes,
}: ListStoreOptions): ListStore<Tool> {
  const entries = new LRUCache<string, Entry<Tool>>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: ({ bytes }) => Math.max(1, bytes),
  });

  /**
   * A public list belongs to no session, yet a notice to one session that its server's list changed concerns it. A
   * connection that one session lost does not: its server said itself for how long the list holds.
   */
  function isConcerned(target: InvalidateTarget, reason: Doubt, entry: Entry<Tool>): boolean {
    if (entry.session !== undefined || target.session === undefined) return concerns(target, entry);
    return reason === "changed" && target.server === entry.server;
  }

  return {
    held(key, now) {
      const own = entries.get(key.privateSlot);
      const ownFreshness = own === undefined ? "cold" : freshnessOf(own, now, maxStaleMs);
      if (own !== undefined && ownFreshness !== "cold") return { entry: own, freshness: ownFreshness };
      const shared = entries.get(key.publicSlot);
      if (shared === undefined) return own && { entry: own, freshness: ownFreshness };
      return { entry: shared, freshness: freshnessOf(shared, now, maxStaleMs) };
    },
    put(key, entry) {
      // A server that changed its mind about who may see its list must not leave the other version behind (C6).
      entries.delete(entry.slot === key.publicSlot ? key.privateSlot : key.publicSlot);
      entries.set(entry.slot, entry);
    },
    doubt(target, reason) {
      for (const entry of entries.values()) {
        if (entry.doubt !== "changed" && isConcerned(target, reason, entry)) entry.doubt = reason;
      }
    },
    forgetSession(session) {
      for (const [slot, entry] of [...entries.entries()]) if (entry.session === session) entries.delete(slot);
    },
    get size() {
      return entries.size;
    },
    get bytes() {
      return entries.calculatedSize;
    },
  };
}
