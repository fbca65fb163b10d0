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

/** Longest id that is accepted, in UTF-16 code units: ids are index keys in every store. */
export const MAX_ID_LENGTH = 200;

// Control characters cannot be stored as text by PostgreSQL (U+0000) or shown in a terminal.
const CONTROL = /\p{Cc}/u;

function checked<Kind extends string>(kind: Kind): (text: string) => Id<Kind> {
  return (text) => {
    if (typeof text !== "string" || text.trim() === "") {
      throw new PawlError("invalid_id", `A ${kind} id must not be empty: pass a stable, non-blank string.`);
    }
    if (text.length > MAX_ID_LENGTH || CONTROL.test(text) || !text.isWellFormed()) {
      throw new PawlError(
        "invalid_id",
        `A ${kind} id must have at most ${MAX_ID_LENGTH} characters and no control characters or lone surrogates.`,
      );
    }
    return text as Id<Kind>;
  };
}

/** Each constructor throws `invalid_id` for blank, over-long or unprintable text. */
export const sessionId = checked("session");
export const turnId = checked("turn");
export const inputId = checked("input");
export const effectId = checked("effect");
export const callId = checked("call");
export const nodeId = checked("node");

/**
 * A queued input starts the turn that carries its name, so the id of a turn is known when its input is accepted.
 * Ids are single-use: an input id is never given twice.
 */
export function turnIdOfInput(input: InputId): TurnId {
  return turnId(input.startsWith("in_") ? `turn_${input.slice(3)}` : `turn_${input}`);
}

/** The input ids from which a turn's id may have been made. */
export function inputIdsOfTurn(turn: TurnId): readonly InputId[] {
  const rest = turn.startsWith("turn_") ? turn.slice(5) : "";
  return rest === "" ? [] : [inputId(`in_${rest}`), inputId(rest)];
}
