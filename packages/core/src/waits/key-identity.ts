import type { ExecutionScope } from "../effects/scope.ts";
import type { JsonDigest } from "../encoding/digest.ts";
import { checkWaitIdentity, type WaitIdentity } from "./wait-identity.ts";

/**
 * The id of an await-event: SHA-256 of the canonical JSON of its scope and identity. It follows from the position alone, so the
 * waiting side derives it again at every replay, and it is what a replay matches (D29).
 *
 * @throws PawlError `invalid_await_event_wait_identity`
 */
export function awaitEventKeyId(scope: ExecutionScope, wait: WaitIdentity, digest: JsonDigest): string {
  return digest({ scope, wait: checkWaitIdentity(wait) });
}

/** How the promise behind a key is named where people see it. */
export function promiseKey(keyId: string): string {
  return `pawl-await-event:${keyId}`;
}

/** Watchers of these never settle them: only the cancel gate's and the turn's own writers do (D15). */
export function isControlWait(wait: WaitIdentity): boolean {
  return wait.type === "cancel_gate" || wait.type === "turn_terminal";
}

/** Nobody from outside answers these: turns settle them by themselves. */
export function isInnerWait(wait: WaitIdentity): boolean {
  return isControlWait(wait) || wait.type === "child_turn";
}
