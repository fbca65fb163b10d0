import { canonicalJson, type ExecutionScope, type WaitIdentity } from "@pawl/core";

/**
 * The canonical JSON (RFC 8785) of `{ scope, wait }`, whose digest is the id of an await-event. What nearly every event is, a call or
 * an approval of a turn, is written member by member, which saves half of what a signature costs; everything else, and everything with
 * a member too many or of another type, goes through `canonicalJson`.
 *
 * @throws PawlError `not_json` as `canonicalJson`
 */
export function identityText(
  scope: ExecutionScope,
  wait: WaitIdentity,
  usual = turnWaitOf(scope, wait),
): string {
  if (usual === undefined) return canonicalJson({ scope, wait });
  const { sessionId, turnId, type, name } = usual;
  if (!needsNoEscape(sessionId) || !needsNoEscape(turnId) || !needsNoEscape(name))
    return canonicalJson({ scope, wait });
  const member = type === "custom" ? "key" : "callId";
  return `{"scope":{"sessionId":"${sessionId}","turnId":"${turnId}","type":"turn"},"wait":{"${member}":"${name}","type":"${type}"}}`;
}

/** What nearly every event is: a call of a turn, or an event of its own. These four say all of it. */
export interface TurnWait {
  readonly sessionId: string;
  readonly turnId: string;
  readonly type: "tool_completion" | "custom";
  readonly name: string;
}

/** Undefined for every other event, and for one with a member too many or of another type. */
export function turnWaitOf(scope: ExecutionScope, wait: WaitIdentity): TurnWait | undefined {
  if (scope.type !== "turn" || !isPlain(scope, 3) || !isPlain(wait, 2)) return undefined;
  if (wait.type !== "tool_completion" && wait.type !== "custom") return undefined;
  const { sessionId, turnId } = scope;
  const name: unknown = wait.type === "custom" ? wait.key : wait.callId;
  if (typeof sessionId !== "string" || typeof turnId !== "string" || typeof name !== "string")
    return undefined;
  return { sessionId, turnId, type: wait.type, name };
}

/** True for a bare object with this many members: with the types checked, it has no others than its type's. */
function isPlain(value: object, members: number): boolean {
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  let count = 0;
  for (const _ in value) count += 1;
  return count === members;
}

/** True for strings of printable ASCII without quote and backslash: JSON writes them as they are. */
function needsNoEscape(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
  }
  return true;
}
