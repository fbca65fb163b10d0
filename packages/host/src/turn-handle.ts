import type { InputPart, SessionId, TurnEvent, TurnId, Usage } from "@pawl/core";
import type { CancelRequest, InputRecord } from "@pawl/core/ports";
import type { ReplayReport, TurnRecord } from "@pawl/effects/turn-driver";
import type { EventOptions } from "./session-handle.ts";
import type { TurnEffect } from "./turn-effects.ts";
import type { TurnExplanation, TurnResult } from "./turn-result.ts";

export interface Turn<Output = never> {
  readonly id: TurnId;
  /**
   * Resolves when the turn ends, waits or is blocked; it never hangs. Nor does it while something else holds the turn back: what the turn
   * before it waits for, or that its session is paused (`session_paused`). Aborting `signal` rejects and cancels nothing.
   */
  result(options?: { readonly signal?: AbortSignal }): Promise<TurnResult<Output>>;
  /** Its events and, with their `path`, those of agents that work for it, past and coming. Ends after its own `turn.committed`. */
  events(options?: EventOptions): AsyncIterable<TurnEvent>;
  /** Asks for its end; works with no worker alive. */
  cancel(options?: { readonly reason?: string; readonly origin?: string }): Promise<CancelRequest>;
  /** What was sent, and where it is: its delivery status. */
  input(): Promise<InputRecord>;
  /** Why it is not moving, and what to do. */
  explain(): Promise<TurnExplanation>;
  /** Everything that a replay needs, as plain JSON. `redact` takes credentials out. @throws PawlError `turn_unknown` */
  record(options?: { readonly redact?: boolean }): Promise<TurnRecord>;
  /** Runs it again, performs nothing and compares. */
  replay(): Promise<ReplayReport>;
  /** Begins a turn in a session of its own that shares this one's inputs and goes its own way from there. */
  fork(options: ForkTurnOptions): Promise<ForkedTurn>;
  /** What it asked for, in the order in which it was settled; then what is outstanding. */
  effects(): Promise<readonly TurnEffect[]>;
}

/** A turn in a session that was made for it. */
export interface ForkedTurn extends Turn {
  readonly sessionId: SessionId;
}

export interface ForkTurnOptions {
  /** The last ordinal that is shared (0: what began the turn); what came after it happens anew. */
  readonly at: number;
  /** Takes the place of what began the turn; only with `at: 0`. */
  readonly prompt?: string | readonly InputPart[];
  /** Performs what may change the world. Default false: only tools that say that they only read are performed. */
  readonly live?: boolean;
  /** The new session's id; made up when absent. */
  readonly sessionId?: string;
  /** The same key again gives the same fork of this turn, so that asking twice does not begin two. */
  readonly idempotencyKey?: string;
}

/** One line about a turn. */
export interface TurnSummary {
  readonly turnId: TurnId;
  readonly state: TurnExplanation["state"];
  /** The beginning of what was said, at most 200 characters. */
  readonly prompt: string;
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number;
  /** Once it has ended. */
  readonly committedAt?: number;
  readonly usage?: Usage;
}
