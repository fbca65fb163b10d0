import type { EffectCommand, EffectOutcome, TurnConfig, TurnOutcome, Usage } from "@pawl/core";
import type { FailedAttempt } from "@pawl/effects";

/** The trace that a turn belongs to, the same on every node and after every wait. */
export interface ObservedTurn {
  readonly sessionId: string;
  readonly turnId: string;
  /** W3C `traceparent`: stored with the turn's input or, where none is, made from the turn's id. */
  readonly traceparent: string;
}

export interface ObservedEffect extends ObservedTurn {
  readonly effectId: string;
  readonly command: EffectCommand;
  readonly config: TurnConfig;
}

export interface EndedTurn extends ObservedTurn {
  readonly outcome: TurnOutcome;
  readonly usage: Usage;
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number;
}

/**
 * Who looks on while turns are driven. It steers nothing, and what it throws beside `perform` harms nobody but the effect that it was
 * handed: it should not throw.
 */
export interface HostObserver {
  /**
   * The trace that a turn which is sent now shall belong to. Asked for inputs without an idempotency key: with one, the same request
   * must store the same again, whoever sends it. `parent` is the trace of the turn that hands work to this one, whose call is
   * being performed: the new turn belongs to that trace.
   */
  traceparent?(sent: {
    readonly sessionId: string;
    readonly turnId: string;
    readonly parent?: string;
  }): string | undefined;
  /** A turn has begun, so many milliseconds after it could have. */
  turnBegins?(turn: { readonly sessionId: string; readonly turnId: string; readonly lagMs: number }): void;
  /**
   * Calls `perform` once and gives what it gives. Not called for effects whose outcome is on record. `onRetry` hears of each attempt
   * that failed and is followed by another.
   */
  effect?<Outcome extends EffectOutcome>(
    effect: ObservedEffect,
    perform: (onRetry?: (failure?: FailedAttempt) => void) => Promise<Outcome>,
  ): Promise<Outcome>;
  /** This node has committed the turn's end. */
  turnEnded?(turn: EndedTurn): void;
}
