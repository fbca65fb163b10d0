// The model of await-events: steps that anybody may take in any order, and what must hold after them (A1–A5, D15). It knows nothing of
// stores, clocks and processes: worlds do.
import type { Resolution } from "@pawl/core";
import fc from "fast-check";
import { expect } from "vitest";

export const EVENTS = 4;
export const SIDES = 2;

/** How a waiter ended. `died`: its process did, so that nobody was there to be told. */
export type WaitEnd =
  | { readonly type: "told"; readonly resolution: Resolution }
  | { readonly type: "revoked" }
  | { readonly type: "died" };

export interface Waiter {
  readonly end: Promise<WaitEnd>;
  /** As a turn that asks its effect to stop: the waiter settles its own event. */
  stop(): void;
}

export type AnswerEnd =
  | { readonly status: "accepted" | "unknown_or_revoked" }
  | { readonly status: "already_resolved"; readonly terminal: Resolution };

/** Two processes with hands on the same events. */
export interface AwaitWorld {
  /** Mints a key on that side and waits with it; `afterMs`: it times out then. */
  wait(side: number, event: number, afterMs: number | null): Waiter;
  /** Mints a key on that side and answers with it. Null: the process died before it could say what came of it. */
  answer(side: number, event: number, resolution: Resolution): Promise<AnswerEnd | null>;
  revoke(side: number, event: number): Promise<void>;
  sweep(side: number): Promise<void>;
  /** The process of that side dies, with all that waits in it, and another takes its place. */
  crash(side: number): Promise<void>;
  pass(ms: number): Promise<void>;
  /** The winner as the store has it; null for none. */
  winner(event: number): Promise<Resolution | null>;
  /** Long enough for every deadline to fire and for every waiter to look again. */
  settle(): Promise<void>;
}

const event = fc.integer({ min: 0, max: EVENTS - 1 });
const side = fc.integer({ min: 0, max: SIDES - 1 });

export function steps(longestMs: number, crashes: number) {
  const does = <Name extends string>(name: Name) => fc.constant(name);
  const step = fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({
        do: does("wait"),
        event,
        side,
        afterMs: fc.option(fc.integer({ min: 0, max: 2 * longestMs })),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({ do: does("answer"), event, side, times: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 4, arbitrary: fc.record({ do: does("stop"), which: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ do: does("revoke"), event, side }) },
    { weight: 2, arbitrary: fc.record({ do: does("sweep"), side }) },
    { weight: crashes, arbitrary: fc.record({ do: does("crash"), side }) },
    { weight: 8, arbitrary: fc.record({ do: does("pass"), ms: fc.integer({ min: 0, max: longestMs }) }) },
  );
  return fc.array(step, { minLength: 8, maxLength: 40 });
}

type Step = ReturnType<typeof steps> extends fc.Arbitrary<readonly (infer One)[]> ? One : never;

/** What was tried, so that a run that tried nothing can be told from one that found nothing. */
export interface Tried {
  waits: number;
  answers: number;
  accepted: number;
  crashes: number;
}

/** Takes the steps in a world, and checks: one winner, everybody is told of it and of nothing else, and nobody waits for ever. */
export async function checkAwaits(world: AwaitWorld, taken: readonly Step[], tried: Tried): Promise<void> {
  const waiters: (Waiter & { readonly event: number; result?: WaitEnd })[] = [];
  const accepted: Resolution[][] = Array.from({ length: EVENTS }, () => []);
  const told: Resolution[][] = Array.from({ length: EVENTS }, () => []);
  const revoked = new Set<number>();

  async function answer(at: number, by: number): Promise<void> {
    tried.answers += 1;
    const resolution: Resolution = { status: "ok", payload: `answer ${tried.answers}` };
    const end = await world.answer(by, at, resolution);
    if (end === null) return;
    if (end.status === "already_resolved") told[at]?.push(end.terminal);
    else if (end.status === "accepted") accepted[at]?.push(resolution);
    else expect(revoked.has(at)).toBe(true);
  }

  for (const one of taken) {
    switch (one.do) {
      case "wait": {
        tried.waits += 1;
        const waiter = {
          ...world.wait(one.side, one.event, one.afterMs),
          event: one.event,
        } as (typeof waiters)[number];
        void waiter.end.then((end) => {
          waiter.result = end;
        });
        waiters.push(waiter);
        break;
      }
      case "answer":
        await Promise.all(
          Array.from({ length: one.times }, (_, i) => answer(one.event, (one.side + i) % SIDES)),
        );
        break;
      case "stop":
        waiters[one.which % Math.max(1, waiters.length)]?.stop();
        break;
      case "revoke":
        await world.revoke(one.side, one.event);
        revoked.add(one.event);
        break;
      case "sweep":
        await world.sweep(one.side);
        break;
      case "crash":
        tried.crashes += 1;
        await world.crash(one.side);
        break;
      case "pass":
        await world.pass(one.ms);
    }
  }

  await world.settle();
  for (let at = 0; at < EVENTS; at++) {
    // Whatever is still open gets an answer, so that every waiter must come back.
    if (!revoked.has(at) && (await world.winner(at)) === null) await answer(at, at % SIDES);
  }
  await world.settle();
  for (let at = 0; at < EVENTS; at++) {
    const winner = revoked.has(at) ? null : await world.winner(at);
    const mine = waiters.filter((waiter) => waiter.event === at);
    expect(
      mine.filter((waiter) => waiter.result === undefined),
      `waiters for event ${at} that nobody told`,
    ).toEqual([]);
    const heard = mine.flatMap(({ result }) => (result?.type === "told" ? [result.resolution] : []));
    // Before a revocation there may have been a winner: then it is what all heard of.
    const one = winner ?? accepted[at]?.[0] ?? heard[0] ?? told[at]?.[0];
    for (const resolution of [...heard, ...(told[at] ?? [])]) expect(resolution).toEqual(one);
    expect(accepted[at]?.length).toBeLessThanOrEqual(1);
    if (winner !== null && accepted[at]?.length === 1) expect(accepted[at]).toEqual([winner]);
    if (!revoked.has(at)) {
      expect(winner).not.toBeNull();
      expect(mine.some(({ result }) => result?.type === "revoked")).toBe(false);
    }
    tried.accepted += accepted[at]?.length ?? 0;
  }
}
