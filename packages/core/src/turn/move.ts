import type { Message } from "../conversation/message.ts";
import type { EffectCommand } from "../effects/command.ts";
import type { EffectId } from "../ids.ts";
import type { TurnConfig } from "./config.ts";
import type { MachineEvent } from "./event.ts";
import type { TurnProtocol } from "./protocols/turn-protocol.ts";
import type { TurnState } from "./state.ts";

/** What a turn is driven by: its stored configuration and the protocol that this names. */
export interface TurnMachine {
  readonly config: TurnConfig;
  readonly protocol: TurnProtocol;
}

/** An effect that somebody shall perform; its outcome comes back as `effect_settled` with the same id. */
export interface MachineEffect {
  readonly id: EffectId;
  readonly command: EffectCommand;
}

/** A state and what is asked for on the way to it. */
export interface Move {
  readonly state: TurnState;
  readonly effects: readonly MachineEffect[];
  /** Outstanding effects that shall stop soon. They still settle. */
  readonly aborts: readonly EffectId[];
  readonly events: readonly MachineEvent[];
}

const NOTHING: readonly never[] = [];

export function moveTo(state: TurnState, asked: Partial<Omit<Move, "state">> = {}): Move {
  return {
    state,
    effects: asked.effects ?? NOTHING,
    aborts: asked.aborts ?? NOTHING,
    events: asked.events ?? NOTHING,
  };
}

/** Goes on from a move: what both ask for, in order. */
export function after(first: Move, next: (state: TurnState) => Move): Move {
  const second = next(first.state);
  return {
    state: second.state,
    effects: join(first.effects, second.effects),
    aborts: join(first.aborts, second.aborts),
    events: join(first.events, second.events),
  };
}

function join<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  return a.length === 0 ? b : b.length === 0 ? a : [...a, ...b];
}

export function appendMessages(state: TurnState, ...messages: readonly Message[]): TurnState {
  return messages.length === 0 ? state : { ...state, delta: state.delta.concat(messages) };
}
