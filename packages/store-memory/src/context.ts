import type { BytesDigest, JsonDigest } from "@pawl/core";
import type { NewId } from "@pawl/core/ports";
import type { Hints } from "./hints.ts";
import type { MemoryState } from "./memory-state.ts";

/** What the sections of all ports share. */
export interface MemoryContext {
  readonly state: MemoryState;
  readonly hints: Hints;
  /** Milliseconds since the epoch by the store's clock. */
  readonly now: () => number;
  readonly newId: NewId;
  /** Loaded before any section runs. */
  readonly digest: JsonDigest;
  readonly bytesDigest: BytesDigest;
}
