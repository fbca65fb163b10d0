import type { PruneKind } from "@pawl/core";
import type { StoreTest } from "./store-test.ts";

/** Later than anything that a case does, and earlier. */
export const EVER = Date.UTC(2100, 0, 1);
export const NEVER = 0;

export function prune(t: StoreTest, kind: PruneKind, limit = 100): Promise<number> {
  return t.store.retention.prune({ kind, before: EVER, limit });
}

export function count(t: StoreTest, kind: PruneKind, before = EVER): Promise<number> {
  return t.store.retention.countPrunable({ kind, before });
}
