import type { JsonDigest } from "../encoding/digest.ts";
import { type InputId, inputId, type SessionId, sessionId, type TurnId, turnIdOfInput } from "../ids.ts";

export interface ChildIds {
  readonly sessionId: SessionId;
  readonly inputId: InputId;
  readonly turnId: TurnId;
}

/** The ids of the turn that works on a call, from the key of that call: whoever begins it, it is one turn (D22). */
export function childIds(key: string, digest: JsonDigest): ChildIds {
  const name = digest({ child: key }).slice(0, 32);
  const input = inputId(`in_${name}`);
  return { sessionId: sessionId(`sub_${name}`), inputId: input, turnId: turnIdOfInput(input) };
}
