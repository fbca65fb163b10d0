/**
 * Whose fault an error is: `host` (the code that calls Pawl), `peer` (a model, a tool, a client, a server that
 * sent something wrong), `pawl` (a bug of ours) or `infrastructure` (a database, a network, a disk).
 */
export type Blame = "host" | "peer" | "pawl" | "infrastructure";

export interface PawlErrorOptions {
  readonly blame?: Blame;
  /** Facts that help to act; JSON only, never a secret, never the content of a message. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * The one error shape of Pawl. `code` is stable snake_case (docs/errors.md has an anchor per code); `message`
 * says what happened and what to do.
 */
export class PawlError extends Error {
  override readonly name = "PawlError";
  readonly code: string;
  readonly blame: Blame;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, options: PawlErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.blame = options.blame ?? "host";
    this.details = options.details ?? {};
  }

  /** Anything that was thrown, as a PawlError. A PawlError is returned as it is. */
  static from(thrown: unknown, code = "internal_error"): PawlError {
    if (isPawlError(thrown)) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new PawlError(code, message, { blame: "pawl", cause: thrown });
  }
}

/** True for a PawlError of any copy of this package (two versions may be installed side by side). */
export function isPawlError(value: unknown, code?: string): value is PawlError {
  return (
    value instanceof Error &&
    value.name === "PawlError" &&
    "code" in value &&
    (code === undefined || value.code === code)
  );
}

/** What of an error may be stored in a log, sent to a client or shown to a model. */
export interface ErrorFacts {
  readonly code: string;
  readonly message: string;
}

export function errorFacts(thrown: unknown, code?: string): ErrorFacts {
  const error = PawlError.from(thrown, code);
  return { code: error.code, message: error.message };
}
