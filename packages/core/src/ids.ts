import { PawlError } from "./errors.ts";

declare const brand: unique symbol;
/** A string that was checked by the constructor of its kind. */
export type Id<Kind extends string> = string & { readonly [brand]: Kind };

export type SessionId = Id<"session">;
export type TurnId = Id<"turn">;
export type InputId = Id<"input">;
/** Position of an effect in its turn, see `effects/replay-key.ts`. */
export type EffectId = Id<"effect">;
/** Names one tool call of one model answer. */
export type CallId = Id<"call">;
export type NodeId = Id<"node">;
export type ProcessId = Id<"process">;
/** A job of the job protocol, and a client's session with the server of it. */
export type JobId = Id<"job">;
export type JobSessionId = Id<"job session">;

/** Longest id that is accepted, in UTF-16 code units: ids are index keys in every store. */
export const MAX_ID_LENGTH = 200;

/** Longest idempotency key, in UTF-16 code units: keys stand in an index beside an id. */
export const MAX_KEY_LENGTH = 500;

const OWN_TURN = "turn_";
const OTHER_TURN = "turn:";

/** An input's id is shorter by what its turn's id has in front. */
export const MAX_INPUT_ID_LENGTH = MAX_ID_LENGTH - OTHER_TURN.length;

/** Unicode's category Cc: such characters cannot be stored as text by PostgreSQL (U+0000) or shown in a terminal. */
function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}

function checked<Kind extends string>(kind: Kind, maxLength = MAX_ID_LENGTH): (text: string) => Id<Kind> {
  return (text) => {
    if (typeof text !== "string" || text.trim() === "") {
      throw new PawlError("invalid_id", `A ${kind} id must not be empty: pass a stable, non-blank string.`);
    }
    if (text.length > maxLength || hasControl(text) || !text.isWellFormed()) {
      throw new PawlError(
        "invalid_id",
        `A ${kind} id must have at most ${maxLength} characters and no control characters or lone surrogates.`,
      );
    }
    return text as Id<Kind>;
  };
}

/** Each constructor throws `invalid_id` for blank, over-long or unprintable text. */
export const sessionId = checked("session");
export const turnId = checked("turn");
export const inputId = checked("input", MAX_INPUT_ID_LENGTH);
export const effectId = checked("effect");
export const callId = checked("call");
export const nodeId = checked("node");
export const processId = checked("process");
export const jobId = checked("job");
export const jobSessionId = checked("job session");

/**
 * A queued input starts the turn that carries its name, so the id of a turn is known when its input is accepted:
 * `in_7` starts `turn_7`, and an id that a host made up, `order-7`, starts `turn:order-7`. No two inputs share a turn.
 * Ids are single-use: an input id is never given twice.
 */
export function turnIdOfInput(input: InputId): TurnId {
  return turnId(input.startsWith("in_") ? OWN_TURN + input.slice(3) : OTHER_TURN + input);
}

/** The input ids from which a turn's id may have been made: one, or none for an id that no input gave. */
export function inputIdsOfTurn(turn: TurnId): readonly InputId[] {
  if (turn.startsWith(OWN_TURN)) return [inputId(`in_${turn.slice(OWN_TURN.length)}`)];
  const rest = turn.startsWith(OTHER_TURN) ? turn.slice(OTHER_TURN.length) : "";
  return rest.trim() === "" || rest.startsWith("in_") ? [] : [inputId(rest)];
}
