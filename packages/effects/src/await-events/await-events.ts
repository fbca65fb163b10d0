import {
  type ExecutionScope,
  type Json,
  PawlError,
  type Resolution,
  type ResolvedBy,
  type WaitIdentity,
} from "@pawl/core";

/** What a key is good for, beyond its event. Part of what is signed. */
export interface KeyBinding {
  /** Whose key it is: one person's link cannot answer as another. */
  readonly audience?: string;
  /** Milliseconds since the epoch; afterwards the key is as good as unknown. */
  readonly expiresAt?: number;
  /** What exactly is answered: the tool, the hash of its arguments, the policy that asked. */
  readonly subject?: { readonly tool: string; readonly argumentHash: string; readonly policyHash: string };
}

/** A capability to resolve one event: whoever holds it may answer, once. */
export interface AwaitEventKey extends KeyBinding {
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

export interface WaitOptions {
  /** Aborted: an ordinary waiter settles the event as cancelled, a watcher of control events leaves it alone. */
  readonly signal: AbortSignal;
  /** Absolute, milliseconds since the epoch; the first one that is registered stays. Absent: it never times out. */
  readonly deadline?: number;
  /** What people see of the wait. */
  readonly info?: Json;
  /** Stop waiting then, and leave the event as it is; milliseconds since the epoch. */
  readonly until?: number;
}

/** One-shot, first-writer-wins events that turns wait for. */
export interface AwaitEvents {
  /**
   * @throws PawlError `await_event_unsupported`, `invalid_await_event_wait_identity`, `await_event_key_hash`, `await_event_key_sign`;
   * `await_event_unknown_or_revoked` when the event or its session was revoked
   */
  key(scope: ExecutionScope, wait: WaitIdentity, binding?: KeyBinding): Promise<AwaitEventKey>;
  keyIdOf(scope: ExecutionScope, wait: WaitIdentity): string;
  verify(key: AwaitEventKey): boolean;
  /** @throws PawlError `wait_answer_early` for a "no" to "did it happen?" that nobody can know yet (D12) */
  resolve(key: AwaitEventKey, resolution: Resolution, by?: ResolvedBy): Promise<ResolveOutcome>;
  /** @throws PawlError `await_event_unsupported`, `await_event_unknown_or_revoked` */
  wait(key: AwaitEventKey, options: Omit<WaitOptions, "until">): Promise<Resolution>;
  /** For the host's own waits, which need no key. Undefined when `until` came first. @throws PawlError as `wait` */
  waitUntil(scope: ExecutionScope, wait: WaitIdentity, options: WaitOptions): Promise<Resolution | undefined>;
  peek(key: AwaitEventKey): Promise<Resolution | null>;
  /** Makes the event visible and its deadline durable without waiting; the first deadline and info stay. @throws PawlError as `wait` */
  open(
    scope: ExecutionScope,
    wait: WaitIdentity,
    options: Pick<WaitOptions, "deadline" | "info">,
  ): Promise<{ readonly keyId: string; readonly dueAt: number | null }>;
  /** For the host's own events, which need no key: whoever is first wins, as with `resolve`. */
  settle(
    scope: ExecutionScope,
    wait: WaitIdentity,
    resolution: Resolution,
    by?: ResolvedBy,
  ): Promise<ResolveOutcome>;
  /** It is unknown from now on: whoever waits for it is woken with `await_event_unknown_or_revoked`. */
  revoke(key: AwaitEventKey): Promise<void>;
  /** Wakes waiters with `await_event_unknown_or_revoked` and refuses to register for this session from now on. */
  revokeSession(sessionId: string): Promise<void>;
}

/** For hosts without waits: minting and waiting are refused, nothing is known, and there is nothing to revoke. */
export const unsupportedAwaitEvents: AwaitEvents = {
  key: () => Promise.reject(unsupported("keys")),
  keyIdOf: () => {
    throw unsupported("keys");
  },
  verify: () => false,
  resolve: async () => ({ status: "unknown_or_revoked" }),
  wait: () => Promise.reject(unsupported("waits")),
  waitUntil: () => Promise.reject(unsupported("waits")),
  peek: async () => null,
  open: () => Promise.reject(unsupported("waits")),
  settle: async () => ({ status: "unknown_or_revoked" }),
  revoke: async () => {},
  revokeSession: async () => {},
};

function unsupported(what: string): PawlError {
  return new PawlError(
    "await_event_unsupported",
    `This host does not support ${what} of await-events. Give it await-events when it is created.`,
  );
}
