import type { JsonDigest } from "../encoding/digest.ts";
import { type InputId, inputId, type SessionId, type TurnId, turnIdOfInput } from "../ids.ts";
import { sessionBeside } from "../session-owner.ts";

export interface ChildIds {
  readonly sessionId: SessionId;
  readonly inputId: InputId;
  readonly turnId: TurnId;
}

/**
 * The ids of the turn that works on a call, from the key of that call: whoever begins it, it is one turn (D22). Its session belongs to
 * whom the session of the call does.
 */
export function childIds(key: string, beside: SessionId, digest: JsonDigest): ChildIds {
  const name = digest({ child: key }).slice(0, 32);
  const input = inputId(`in_${name}`);
  return { sessionId: sessionBeside(beside, `sub_${name}`), inputId: input, turnId: turnIdOfInput(input) };
}
