import type { TurnRecord } from "@pawl/effects/turn-driver";
import type { WireEffect, WireReplay, WireSession, WireTurnSummary, WireVerification } from "@pawl/http";

/** What can be looked at without changing anything, on a server or in this process. */
export interface Reads {
  /** The most recently used first. */
  sessions(limit: number): Promise<readonly WireSession[]>;
  /** The newest, oldest first. */
  turns(sessionId: string, limit: number): Promise<readonly WireTurnSummary[]>;
  effects(turnId: string): Promise<readonly WireEffect[]>;
  record(turnId: string, options: { readonly redact: boolean }): Promise<TurnRecord>;
  replay(turnId: string): Promise<WireReplay>;
  verify(sessionId: string, anchor: string | undefined): Promise<WireVerification>;
}
