import { positionalEffectId } from "../../effects/replay-key.ts";
import type { Resolution } from "../../waits/wait-identity.ts";
import type { LimitName } from "../limits.ts";
import { after, type Move, moveTo, type TurnMachine } from "../move.ts";
import type { TurnState } from "../state.ts";
import { withoutTimer } from "../timers.ts";
import { nextModelCall } from "./calling-model.ts";

/** Parked time does not count as wall time (D6): the timer stands still and goes on with what was left (T9). */
export function pauseWallTime(state: TurnState, now: number): TurnState {
  const at = state.timers.wall_time;
  if (at === undefined) return state;
  return { ...state, timers: withoutTimer(state.timers, "wall_time"), wallLeftMs: Math.max(0, at - now) };
}

export function resumeWallTime(state: TurnState, now: number): TurnState {
  if (state.wallLeftMs === undefined) return state;
  const { wallLeftMs, ...rest } = state;
  return { ...rest, timers: { ...state.timers, wall_time: now + wallLeftMs } };
}

/** A budget is spent and a person may grant more. */
export function waitForBudget(state: TurnState, limit: LimitName, now: number): Move {
  // Counted over the turn: a grant that is too small leads to another wait before the same iteration.
  const effectId = positionalEffectId(state.iteration + 1, "await_event", state.budgetWaits);
  const reason = { type: "budget", limit } as const;
  const wait = { type: "custom", key: `budget:${limit}:${state.budgetWaits}` } as const;
  const budgetWaits = state.budgetWaits + 1;
  return moveTo(
    { ...pauseWallTime(state, now), budgetWaits, phase: { name: "waiting", budget: { effectId, limit } } },
    {
      effects: [{ id: effectId, command: { kind: "await_event", wait, reason } }],
      events: [{ type: "wait.opened", effectId, reason }],
    },
  );
}

/** More was granted, or not: then the next answer is the last. */
export function budgetSettled(
  machine: TurnMachine,
  state: TurnState,
  limit: LimitName,
  resolution: Resolution,
  now: number,
): Move {
  const resumed = resumeWallTime(state, now);
  const granted = resolution.status === "ok" ? amountOf(resolution.payload) : undefined;
  if (granted === undefined)
    return after(moveTo({ ...resumed, limit }), (s) => nextModelCall(machine, s, now));
  const sum = {
    tokens: state.granted.tokens + granted.tokens,
    costNanoUsd: state.granted.costNanoUsd + granted.costNanoUsd,
  };
  return nextModelCall(machine, { ...resumed, granted: sum }, now);
}

/** What was granted; undefined for anything that is not an amount, and for nothing. */
function amountOf(payload: unknown): { tokens: number; costNanoUsd: number } | undefined {
  if (typeof payload !== "object" || payload === null) return undefined;
  const { tokens = 0, costNanoUsd = 0 } = payload as Record<string, unknown>;
  const amounts = [tokens, costNanoUsd];
  if (!amounts.every((n): n is number => Number.isSafeInteger(n) && (n as number) >= 0)) return undefined;
  if (tokens === 0 && costNanoUsd === 0) return undefined;
  return { tokens: tokens as number, costNanoUsd: costNanoUsd as number };
}
