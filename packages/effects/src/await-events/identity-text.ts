import { canonicalJson, type ExecutionScope, type WaitIdentity } from "@pawl/core";

/**
 * The canonical JSON (RFC 8785) of `{ scope, wait }`, whose digest is the id of an await-event. What nearly every event is, a call or
 * an approval of a turn, is written member by member, which saves half of what a signature costs; everything else, and everything with
 * a member too many or of another type, goes through `canonicalJson`.
 *
 * @throws PawlError `not_json` as `canonicalJson`
 */
export function identityText(scope: ExecutionScope, wait: WaitIdentity): string {
  if (scope.type === "turn" && isPlain(scope, 3)) {
    const { sessionId, turnId } = scope;
    const text = waitText(wait);
    if (text !== undefined && needsNoEscape(sessionId) && needsNoEscape(turnId)) {
      return `{"scope":{"sessionId":"${sessionId}","turnId":"${turnId}","type":"turn"},"wait":${text}}`;
    }
  }
  return canonicalJson({ scope, wait });
}

/** Undefined for what `canonicalJson` writes. */
function waitText(wait: WaitIdentity): string | undefined {
  if (!isPlain(wait, 2)) return undefined;
  if (wait.type === "tool_completion" && needsNoEscape(wait.callId))
    return `{"callId":"${wait.callId}","type":"tool_completion"}`;
  if (wait.type === "custom" && needsNoEscape(wait.key)) return `{"key":"${wait.key}","type":"custom"}`;
  return undefined;
}

/** True for a bare object with this many members: with the types checked, it has no others than its type's. */
function isPlain(value: object, members: number): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  let count = 0;
  for (const _ in value) count += 1;
  return count === members;
}

/** True for strings of printable ASCII without quote and backslash: JSON writes them as they are. */
function needsNoEscape(value: unknown): boolean {
  if (typeof value !== "string") return false;
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}
