import { inputIdsOfTurn, type TurnId } from "@pawl/core";
import type { Packing } from "./packing.ts";

// Ids that are made of others that stand beside them.
const TURN = 0;
const INPUT = 1;
const MESSAGE_OF_INPUT = 2;
const OF_TURN = ".";

/** Ids of turns, inputs and messages: those that follow from the turn by a number, those that begin with it without it. */
export const idOfTurn: Packing = {
  pack(value, { turnId }) {
    if (typeof value !== "string") return undefined;
    if (value === turnId) return TURN;
    const input = inputOf(turnId);
    if (input !== undefined) {
      if (value === input) return INPUT;
      if (value === messageOf(turnId, input)) return MESSAGE_OF_INPUT;
    }
    if (value.startsWith(turnId + OF_TURN)) return value.slice(turnId.length);
    return value.startsWith(OF_TURN) ? undefined : value;
  },
  unpack(packed, { turnId }) {
    if (typeof packed === "string") return packed.startsWith(OF_TURN) ? turnId + packed : packed;
    if (packed === TURN) return turnId;
    const input = inputOf(turnId);
    if (input !== undefined && packed === INPUT) return input;
    if (input !== undefined && packed === MESSAGE_OF_INPUT) return messageOf(turnId, input);
    throw new Error(`${JSON.stringify(packed)} is no id of turn "${turnId}".`);
  },
};

function inputOf(turnId: string): string | undefined {
  return inputIdsOfTurn(turnId as TurnId)[0];
}

function messageOf(turnId: string, input: string): string {
  return `${turnId}.user.${input}`;
}

const KINDS: Readonly<Record<string, string>> = { m: "model_call", t: "tool_call", c: "checkpoint" };
const LETTERS: Readonly<Record<string, string>> = { model_call: "m", tool_call: "t", checkpoint: "c" };
const LONG = /^(0|[1-9]\d*)\.(model_call|tool_call|checkpoint)\.(0|[1-9]\d*)$/;
const SHORT = /^(\d+)([mtc])(\d*)$/;

/** Ids of effects: `12.tool_call.0` is `12t`, and `12.tool_call.3` is `12t3`. */
export const effectIdText: Packing = {
  pack(value) {
    if (typeof value !== "string") return undefined;
    const long = LONG.exec(value);
    if (long !== null) return `${long[1]}${LETTERS[long[2]!]}${long[3] === "0" ? "" : long[3]}`;
    return SHORT.test(value) ? undefined : value;
  },
  unpack(packed) {
    if (typeof packed !== "string") throw new Error(`${JSON.stringify(packed)} is no id of an effect.`);
    const short = SHORT.exec(packed);
    return short === null ? packed : `${short[1]}.${KINDS[short[2]!]}.${short[3] || "0"}`;
  },
};
