import { executionScope, type WaitIdentity } from "@pawl/core";
import type { AwaitEventRows, Store } from "@pawl/core/ports";
import { createAwaitEvents, createKeyring, type Keyring } from "@pawl/effects";
import { memoryStore } from "@pawl/store-memory";
import { manualClock } from "@pawl/testing";

export const SCOPE = executionScope.turn("s1", "turn_1");
export const YES = { status: "ok", payload: { decision: "approve" } } as const;
export const NO = { status: "ok", payload: { decision: "deny" } } as const;
export const UNKNOWN = { status: "unknown_or_revoked" } as const;

export function custom(key: string): WaitIdentity {
  return { type: "custom", key };
}

/** 32 different bytes from `first` on. */
export function secretBytes(first: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => (first + i) % 256);
}

export function keyringOf(...ids: readonly (readonly [id: string, first: number])[]): Keyring {
  return createKeyring(ids.map(([id, first]) => ({ id, bytes: secretBytes(first) })));
}

export interface SetUp {
  readonly store: Store;
  readonly rows: AwaitEventRows;
  readonly clock: ReturnType<typeof manualClock>;
}

export function setUp(around: (rows: AwaitEventRows) => AwaitEventRows = (rows) => rows): SetUp {
  const clock = manualClock();
  const store = memoryStore({ clock });
  return { store, rows: around(store.awaits), clock };
}

export function awaitsOver({ rows, clock }: SetUp, keyring: Keyring = keyringOf(["k1", 1])) {
  return createAwaitEvents({ rows, keyring, clock });
}

/** What became of a wait so far. */
export function watch<T>(promise: Promise<T>): { value?: T; error?: unknown; ended: boolean } {
  const seen: { value?: T; error?: unknown; ended: boolean } = { ended: false };
  promise.then(
    (value) => Object.assign(seen, { value, ended: true }),
    (error: unknown) => Object.assign(seen, { error, ended: true }),
  );
  return seen;
}
