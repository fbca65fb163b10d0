import { type ExecutionScope, PawlError, type Resolution, type WaitIdentity } from "@pawl/core";

/** A capability to resolve one wait: whoever holds it may answer, once. */
export interface AwaitEventKey {
  readonly scope: ExecutionScope;
  readonly wait: WaitIdentity;
  /** SHA-256 of the canonical JSON of scope and wait, lower-case hex: the same on every replay. */
  readonly keyId: string;
  /** Which secret signed it. */
  readonly secretId: string;
  /** HMAC-SHA-256, base64url. Made at the edge and never matched at replay (D29). */
  readonly signature: string;
}

/** Forged, foreign, unknown and revoked keys get the same answer. */
export type ResolveOutcome =
  | { readonly status: "accepted" }
  | { readonly status: "already_resolved"; readonly terminal: Resolution }
  | { readonly status: "unknown_or_revoked" };

/** One-shot, first-writer-wins events that turns wait for. */
export interface AwaitEvents {
  /** @throws PawlError `await_event_unsupported`, `invalid_await_event_wait_identity`, `missing_execution_scope_id` */
  key(scope: ExecutionScope, wait: WaitIdentity): Promise<AwaitEventKey>;
  resolve(key: AwaitEventKey, resolution: Resolution): Promise<ResolveOutcome>;
  /** @throws PawlError `await_event_unsupported`, `await_event_unknown_or_revoked` */
  wait(
    key: AwaitEventKey,
    options: { readonly signal: AbortSignal; readonly deadline?: number },
  ): Promise<Resolution>;
  peek(key: AwaitEventKey): Promise<Resolution | null>;
  /** Wakes waiters with `await_event_unknown_or_revoked` and refuses to mint for this session from now on. */
  revokeSession(sessionId: string): Promise<void>;
}

/** For hosts without waits: minting and waiting are refused, nothing is known, and there is nothing to revoke. */
export const unsupportedAwaitEvents: AwaitEvents = {
  key: () => Promise.reject(unsupported("keys")),
  resolve: async () => ({ status: "unknown_or_revoked" }),
  wait: () => Promise.reject(unsupported("waits")),
  peek: async () => null,
  revokeSession: async () => {},
};

function unsupported(what: string): PawlError {
  return new PawlError(
    "await_event_unsupported",
    `This host does not support ${what} of await-events. Give it await-events when it is created.`,
  );
}
