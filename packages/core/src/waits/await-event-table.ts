import type { Json } from "../json.ts";
import type { Resolution } from "./wait-identity.ts";

/** What a store holds of one await-event. */
export interface AwaitEventFacts {
  /** Absolute, milliseconds since the epoch; null: it never times out. */
  readonly dueAt: number | null;
  readonly terminal: Resolution | null;
  readonly revoked: boolean;
}

export type ResolveDecision =
  /** Write it: this is the winner. `expired`: not what was asked for, but the time-out that came first. */
  | { readonly type: "write"; readonly resolution: Resolution; readonly expired: boolean }
  | { readonly type: "already_resolved"; readonly terminal: Resolution }
  | { readonly type: "unknown_or_revoked" };

/**
 * The one table of await-events, which every store follows. The first resolution wins, and it may come before anybody waits; past its
 * due time an event can only have timed out (D15). `now` is the store's time, taken after the row was locked.
 *
 *     event        due      asked     ->
 *     absent                any       write it         (resolve before wait)
 *     pending      later    any       write it
 *     pending      past     any       write `timeout`
 *     resolved              any       already resolved, with the winner
 *     revoked               any       unknown or revoked
 */
export function decideResolve(
  event: AwaitEventFacts | null,
  resolution: Resolution,
  now: number,
): ResolveDecision {
  if (event === null) return { type: "write", resolution, expired: false };
  if (event.revoked) return { type: "unknown_or_revoked" };
  if (event.terminal !== null) return { type: "already_resolved", terminal: event.terminal };
  if (event.dueAt !== null && event.dueAt <= now) {
    return { type: "write", resolution: { status: "timeout" }, expired: resolution.status !== "timeout" };
  }
  return { type: "write", resolution, expired: false };
}

/** Who settled an await-event, for the record: never a secret. */
export interface ResolvedBy {
  readonly name: string;
  readonly via: "key" | "host" | "sweeper" | "turn";
  readonly note?: Json;
}
