import type { EffectId } from "../ids.ts";
import type { EffectKind } from "./command.ts";
import { type ExecutionScope, scopeId, scopeSessionId } from "./scope.ts";

/**
 * Keys come from position, never from content: two equal calls in one turn must not collide, and an edited prompt
 * must not lose its record. An effect's id is unique in its turn, its replay key in the whole store.
 *
 *     effect id    <iteration>.<kind>.<counter>            2.tool_call.0
 *     child        <effect id>/<index>.<name>              2.tool_call.0/1.charge
 *     replay key   <scope>:<session>:<id>:<effect id>      turn:s1:turn_7:2.tool_call.0
 */
export function positionalEffectId(iteration: number, kind: EffectKind, counter: number): EffectId {
  return `${iteration}.${kind}.${counter}` as EffectId;
}

export function childEffectId(parent: EffectId, index: number, name: string): EffectId {
  return `${parent}/${index}.${escapePart(name)}` as EffectId;
}

export function replayKey(scope: ExecutionScope, effect: EffectId): string {
  const session = scopeSessionId(scope) ?? "";
  return `${scope.type}:${escapePart(session)}:${escapePart(scopeId(scope))}:${effect}`;
}

/** The separators of a key are escaped in the parts that come from outside, so that no two positions share a key. */
function escapePart(text: string): string {
  return text.replace(/[%:/]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
}
