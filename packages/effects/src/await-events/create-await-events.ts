import {
  type ExecutionScope,
  isControlWait,
  type Json,
  PawlError,
  type Resolution,
  type ResolvedBy,
  type SessionId,
  scopeSessionId,
  scopeTurnId,
  type TurnId,
  type WaitIdentity,
} from "@pawl/core";
import type { AwaitEventRows, Clock, NewAwaitEvent, ResolveResult } from "@pawl/core/ports";
import type { EffectExecutor } from "../controller/effect-controller.ts";
import { systemClock } from "../system-clock.ts";
import { awaitEventExecutor, peekAwaitEventExecutor } from "./await-event-executor.ts";
import type { AwaitEventKey, AwaitEvents, ResolveOutcome, WaitOptions } from "./await-events.ts";
import { checkNotEarly, saysNo } from "./check-not-early.ts";
import { createKeySigner } from "./key-signer.ts";
import { type Keyring, parseKeyring } from "./keyring.ts";

export type AwaitEventsOptions = {
  /** What signs keys: a keyring, or secrets as `id:base64`, the newest first. */
  readonly keyring: Keyring | readonly string[];
  /** Default: the system's. */
  readonly clock?: Clock;
} & (
  | { readonly store: { readonly awaits: AwaitEventRows } }
  /** Where only this port of a store is at hand. */
  | { readonly rows: AwaitEventRows }
);

/** Await-events, and what performs the effects that concern them. */
export interface PerformedAwaitEvents extends AwaitEvents {
  /** Performs `await_event`. */
  readonly executor: EffectExecutor<"await_event">;
  /** Performs `peek_await_event`. */
  readonly peekExecutor: EffectExecutor<"peek_await_event">;
}

/** A hint may be lost: a waiter looks again this often, in milliseconds, and less often the longer it waits. */
const POLL_FIRST_MS = 25;
const POLL_LAST_MS = 1_000;

/**
 * @throws PawlError `secret_invalid`, `secret_too_weak`; the message has the command that makes a good one
 *
 * Invariants:
 * - A1 The first resolution wins, and every later one learns the winner.
 * - A2 Forged, foreign, unknown and revoked keys get one answer.
 * - A3 Looking and subscribing are one synchronous step, and a poll stands behind every hint: no wake-up is lost.
 * - A4 An ordinary waiter that is cancelled or overdue settles its own event; a watcher of control events never does (D15).
 * - A5 What is waited for is in the store before anybody waits: it survives the waiter.
 */
export async function createAwaitEvents(options: AwaitEventsOptions): Promise<PerformedAwaitEvents> {
  const { clock = systemClock, keyring } = options;
  const rows = "store" in options ? options.store.awaits : options.rows;
  const signer = await createKeySigner("current" in keyring ? keyring : parseKeyring(keyring.join(",")));
  const waiters = new Map<string, Set<() => void>>();
  // Only while somebody waits: who does not wait any more leaves nothing behind.
  let unlisten: (() => void) | undefined;

  function rowOf(
    scope: ExecutionScope,
    wait: WaitIdentity,
    dueAt: number | null,
    info: Json,
    keyId = signer.keyId(scope, wait),
  ): NewAwaitEvent {
    return {
      keyId,
      scope,
      wait,
      sessionId: (scopeSessionId(scope) ?? null) as SessionId | null,
      turnId: (scopeTurnId(scope) ?? null) as TurnId | null,
      dueAt,
      info,
    };
  }

  async function settle(event: NewAwaitEvent, resolution: Resolution, by: ResolvedBy): Promise<Resolution> {
    const result = await rows.resolve(event.keyId, resolution, by, event);
    if (result.status === "unknown_or_revoked") throw unknownOrRevoked();
    return result.record.terminal ?? resolution;
  }

  async function waitFor(event: NewAwaitEvent, options: WaitOptions): Promise<Resolution | undefined> {
    const { signal, until } = options;
    const watching = isControlWait(event.wait);
    let pollMs = POLL_FIRST_MS;
    const wake = subscribe(event.keyId, signal);
    let registered = false;
    try {
      for (;;) {
        // Reset before looking: what comes after this line is a wake-up, what came before is seen by the look.
        wake.reset();
        // Only the first look may have to write. What cannot be read any more is asked for as if it were new.
        const record = (registered ? await rows.load(event.keyId) : null) ?? (await rows.register(event));
        if (record === null) throw unknownOrRevoked();
        registered = true;
        if (record.terminal !== null) return record.terminal;
        if (signal.aborted) {
          // A process that dies, or lost its lease, settles nothing: only a turn that asks its effects to stop does.
          if (!asksToStop(signal)) throw signal.reason;
          if (watching)
            throw new PawlError("turn_control_wait_cancelled", "The watcher was stopped; the event is not.");
          return await settle(event, { status: "cancelled" }, { name: "waiter", via: "turn" });
        }
        const now = clock.now();
        if (record.dueAt !== null && record.dueAt <= now && !watching) {
          return await settle(event, { status: "timeout" }, { name: "waiter", via: "turn" });
        }
        if (until !== undefined && until <= now) return undefined;
        const dueAt = watching ? null : record.dueAt;
        await wake.next(Math.min(now + pollMs, dueAt ?? Infinity, until ?? Infinity));
        pollMs = Math.min(POLL_LAST_MS, pollMs * 2);
      }
    } finally {
      wake.end();
    }
  }

  function subscribe(keyId: string, signal: AbortSignal) {
    let woken = false;
    let resume = () => {};
    let cancelTimer = () => {};
    const now = () => {
      woken = true;
      resume();
    };
    unlisten ??= rows.onResolved((resolved) => {
      for (const wake of waiters.get(resolved) ?? []) wake();
    });
    const all = waiters.get(keyId) ?? new Set();
    waiters.set(keyId, all.add(now));
    signal.addEventListener("abort", now, { once: true });
    return {
      reset() {
        woken = false;
      },
      async next(at: number): Promise<void> {
        if (woken || signal.aborted) return;
        await new Promise<void>((resolve) => {
          resume = resolve;
          cancelTimer = clock.at(at, resolve);
        });
        cancelTimer();
      },
      end() {
        all.delete(now);
        if (all.size === 0) waiters.delete(keyId);
        if (waiters.size === 0) {
          unlisten?.();
          unlisten = undefined;
        }
        cancelTimer();
        signal.removeEventListener("abort", now);
      },
    };
  }

  const awaits: AwaitEvents = {
    async key(scope, wait, binding) {
      const key = signer.sign(scope, wait, binding);
      const sessionId = (scopeSessionId(scope) ?? null) as SessionId | null;
      if (await rows.isRevoked({ keyId: key.keyId, sessionId })) throw unknownOrRevoked();
      return key;
    },
    async resolve(key, resolution, by = { name: "key", via: "key" }): Promise<ResolveOutcome> {
      if (!signer.verify(key)) return { status: "unknown_or_revoked" };
      if (key.expiresAt !== undefined && key.expiresAt <= clock.now())
        return { status: "unknown_or_revoked" };
      const event = rowOf(key.scope, key.wait, null, {}, key.keyId);
      if (saysNo(resolution)) {
        const record = await rows.load(key.keyId);
        if (record !== null) checkNotEarly(record, resolution, clock.now());
      }
      return outcomeOf(await rows.resolve(event.keyId, resolution, by, event));
    },
    async wait(key: AwaitEventKey, options) {
      if (!signer.verify(key)) throw unknownOrRevoked();
      const event = rowOf(key.scope, key.wait, options.deadline ?? null, options.info ?? {}, key.keyId);
      return (await waitFor(event, { signal: options.signal })) as Resolution;
    },
    waitUntil: (scope, wait, options) =>
      waitFor(rowOf(scope, wait, options.deadline ?? null, options.info ?? {}), options),
    async peek(key) {
      if (!signer.verify(key)) return null;
      return (await rows.load(key.keyId))?.terminal ?? null;
    },
    async open(scope, wait, { deadline, info }) {
      const record = await rows.register(rowOf(scope, wait, deadline ?? null, info ?? {}));
      if (record === null) throw unknownOrRevoked();
      return { keyId: record.keyId, dueAt: record.dueAt };
    },
    async settle(scope, wait, resolution, by = { name: "turn", via: "turn" }) {
      const event = rowOf(scope, wait, null, {});
      return outcomeOf(await rows.resolve(event.keyId, resolution, by, event));
    },
    async revoke(key) {
      if (!signer.verify(key)) return;
      await rows.revoke(key.keyId);
      for (const wake of waiters.get(key.keyId) ?? []) wake();
    },
    keyIdOf: (scope, wait) => signer.keyId(scope, wait),
    verify: (key) => signer.verify(key),
    async revokeSession(sessionId) {
      await rows.revokeSession(sessionId as SessionId);
      for (const set of waiters.values()) for (const wake of set) wake();
    },
  };
  const executor = awaitEventExecutor(awaits, { clock });
  return { ...awaits, executor, peekExecutor: peekAwaitEventExecutor(awaits) };
}

function outcomeOf(result: ResolveResult): ResolveOutcome {
  if (result.status !== "already_resolved") return { status: result.status };
  return { status: "already_resolved", terminal: result.record.terminal ?? { status: "cancelled" } };
}

function asksToStop({ reason }: AbortSignal): boolean {
  return reason instanceof DOMException && reason.name === "AbortError";
}

function unknownOrRevoked(): PawlError {
  return new PawlError("await_event_unknown_or_revoked", "This key is not known here, or it was revoked.", {
    blame: "peer",
  });
}
