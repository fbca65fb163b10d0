import type { WireEvent, WireTurn, WireTurnResult, WireUsage } from "@pawl/http";

/** How a turn is shown while it happens. */
export interface TurnOutput {
  /** What takes time before anything happened. */
  progress(message: string): void;
  accepted(ids: { readonly sessionId: string; readonly turnId: string }): void;
  event(event: WireEvent): void;
  /** Something about the showing itself, such as a lost connection. */
  notice(message: string): void;
  finished(end: TurnEnd): void;
  /** Leaves the terminal in order. */
  close(): void;
}

export interface TurnEnd {
  readonly result: WireTurnResult;
  /** Of the model calls that were seen; for an ended turn what its commit says. */
  readonly usage: WireUsage;
  /** Why it does not move, for a turn that has not ended. */
  readonly explanation?: WireTurn;
  readonly tookMs: number;
}
