/**
 * Errors, by whose fault they are.
 *
 * - `ArcpError`: an error of the protocol's own taxonomy (section 12). It can travel on the wire.
 * - `ArcpPeerError`: the other side broke the protocol or went away. It never travels.
 * - `ArcpUsageError`: the program that uses this package made a mistake. It never travels.
 *
 * All three have the shape `{ code, message, cause? }` with a stable snake_case code.
 */

/** The fifteen codes of section 12, as they appear on the wire. */
export const WIRE_ERROR_CODES = [
  "PERMISSION_DENIED",
  "LEASE_SUBSET_VIOLATION",
  "JOB_NOT_FOUND",
  "DUPLICATE_KEY",
  "AGENT_NOT_AVAILABLE",
  "AGENT_VERSION_NOT_AVAILABLE",
  "CANCELLED",
  "TIMEOUT",
  "RESUME_WINDOW_EXPIRED",
  "HEARTBEAT_LOST",
  "LEASE_EXPIRED",
  "BUDGET_EXHAUSTED",
  "INVALID_REQUEST",
  "UNAUTHENTICATED",
  "INTERNAL_ERROR",
] as const;

export type WireErrorCode = (typeof WIRE_ERROR_CODES)[number];

const knownCodes: ReadonlySet<string> = new Set(WIRE_ERROR_CODES);

export function isWireErrorCode(code: string): code is WireErrorCode {
  return knownCodes.has(code);
}

/**
 * Whether a plain retry of the same request can help.
 * INTERNAL_ERROR always can and LEASE_EXPIRED, BUDGET_EXHAUSTED never can (section 12); a TIMEOUT can
 * unless the sender knows better; everything else needs a different request first.
 */
export function isRetryable(code: WireErrorCode, hint?: boolean): boolean {
  if (code === "INTERNAL_ERROR") return true;
  if (code === "TIMEOUT") return hint ?? true;
  return false;
}

/** The part of an error that every error payload on the wire shares. */
export interface WireErrorPayload {
  code: string;
  message: string;
  retryable: boolean;
  details?: Record<string, unknown>;
}

export interface ArcpErrorOptions {
  retryable?: boolean;
  details?: Record<string, unknown>;
  cause?: unknown;
}

export class ArcpError extends Error {
  override readonly name = "ArcpError";
  /** snake_case, for programs: `lease_expired`. */
  readonly code: string;
  /** As on the wire: `LEASE_EXPIRED`. A peer may send a code that is not in the list. */
  readonly wireCode: string;
  readonly retryable: boolean;
  readonly details: Record<string, unknown> | undefined;

  constructor(wireCode: WireErrorCode | (string & {}), message: string, options: ArcpErrorOptions = {}) {
    super(
      message === "" ? wireCode : message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.wireCode = wireCode;
    this.code = wireCode.toLowerCase();
    this.retryable = isWireErrorCode(wireCode)
      ? isRetryable(wireCode, options.retryable)
      : (options.retryable ?? false);
    this.details = options.details;
  }

  /** The payload that says this error to the peer. Never contains the cause. */
  toPayload(): WireErrorPayload {
    return {
      code: this.wireCode,
      message: this.message,
      retryable: this.retryable,
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }

  static fromPayload(payload: {
    code: string;
    message?: string | undefined;
    retryable?: boolean | undefined;
    details?: Record<string, unknown> | undefined;
  }): ArcpError {
    return new ArcpError(payload.code, payload.message ?? payload.code, {
      ...(payload.retryable === undefined ? {} : { retryable: payload.retryable }),
      ...(payload.details === undefined ? {} : { details: payload.details }),
    });
  }

  /** Any thrown value as a protocol error; what is not one becomes INTERNAL_ERROR with its message. */
  static from(error: unknown): ArcpError {
    if (error instanceof ArcpError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new ArcpError("INTERNAL_ERROR", message === "" ? "the runtime failed" : message, { cause: error });
  }
}

export type PeerErrorCode =
  | "connection_closed"
  | "connection_lost"
  | "connect_failed"
  | "sequence_gap"
  | "invalid_answer"
  | "answer_timeout"
  | "result_incomplete"
  | "events_overflowed";

export class ArcpPeerError extends Error {
  override readonly name = "ArcpPeerError";
  readonly code: PeerErrorCode;

  constructor(code: PeerErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

export type UsageErrorCode =
  | "invalid_options"
  | "illegal_transition"
  | "duplicate_job"
  | "unknown_job"
  | "agent_declared_twice"
  | "result_stream_misuse"
  | "feature_not_negotiated"
  | "websocket_missing"
  | "client_closed"
  | "server_closed";

export class ArcpUsageError extends Error {
  override readonly name = "ArcpUsageError";
  readonly code: UsageErrorCode;

  constructor(code: UsageErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}
