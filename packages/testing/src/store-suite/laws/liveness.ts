import {
  type InputState,
  isPawlError,
  isTerminalInput,
  type SessionId,
  sessionId,
  type TurnOutcome,
} from "@pawl/core";
import type { NodeLease } from "@pawl/core/ports";
import { seededRandom } from "../../seeded-random.ts";
import { COMPLETED } from "../fixtures.ts";
import { Held } from "../held.ts";
import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";

const MAX_ATTEMPTS = 3;
const GAVE_UP: TurnOutcome = {
  status: "failed",
  code: "attempts_exhausted",
  message: "It was tried too often.",
};

class Crash extends Error {}

/** A worker that may die before and after each of its writes; inputs of `poison` kill whoever works on them. */
async function work(
  t: StoreTest,
  held: Held,
  poison: ReadonlySet<string>,
  dies: () => boolean,
): Promise<void> {
  const crash = (chance = dies()) => {
    if (chance) throw new Crash("on purpose");
  };
  let { attempts } = held.claim;
  for (;;) {
    crash();
    if (held.turn === null) {
      const input = await t.store.inbox.next(held.fence);
      if (input === null) break;
      if (attempts < MAX_ATTEMPTS) crash(poison.has(input.inputId));
      await held.begin([input.inputId]);
    }
    crash();
    const staged = (await t.store.inbox.list(held.fence.sessionId)).filter((one) => one.state === "staged");
    const exhausted = attempts >= MAX_ATTEMPTS;
    if (!exhausted) {
      crash(staged.some((input) => poison.has(input.inputId)));
      await held.append("progress");
      crash();
    }
    const inputIds = staged.map((input) => input.inputId);
    await held.end({ inputIds, outcome: exhausted ? GAVE_UP : COMPLETED });
    attempts = 0;
    crash();
  }
  await held.idle();
}

export const livenessLaw = chapter("Law: everything ends", (add) => {
  for (const seed of [1, 2, 3]) {
    add(
      `S24 D17 every accepted input is settled once, however often workers die (seed ${seed})`,
      async (t) => {
        const next = seededRandom(seed);
        const poison = new Set<string>(["in_1_1", "in_3_0"]);
        const sessions: SessionId[] = [];
        for (let s = 0; s < 4; s++) {
          sessions.push(sessionId(`s${s}`));
          for (let i = 0; i < 3; i++) {
            await t.accept(`in_${s}_${i}`, `s${s}`, i === 2 ? { delivery: "steer" } : {});
          }
        }

        let rounds = 0;
        for (; rounds < 200; rounds++) {
          // Two generations of two nodes: opening one again is the death of whatever it did.
          const lease: NodeLease = await t.node(`n${rounds % 2}`);
          const claims = await t.claim(lease, undefined, 2);
          for (const claim of claims) {
            try {
              await work(t, new Held(t.store, claim), poison, () => next() < 0.15);
            } catch (error) {
              if (!(error instanceof Crash) && !isPawlError(error, "store_fenced")) throw error;
            }
          }
          const states: InputState[] = [];
          for (const session of sessions) {
            for (const input of await t.store.inbox.list(session)) states.push(input.state);
          }
          if (states.length === 12 && states.every(isTerminalInput)) break;
        }
        t.expect(rounds < 200, `not settled after ${rounds} rounds`).toBe(true);

        for (const session of sessions) {
          const receipts = await t.store.sessions.receipts(session);
          const settled = receipts.flatMap((receipt) => receipt.inputIds);
          t.expect([...settled].sort(), `${session}: each input once`).toEqual(
            [0, 1, 2].map((i) => `in_${session.slice(1)}_${i}`),
          );
          const gaveUp = receipts.filter((receipt) => receipt.outcome?.status === "failed");
          const poisoned = gaveUp.flatMap((receipt) => receipt.inputIds).filter((id) => poison.has(id));
          t.expect(poisoned.length).toBe(
            [...poison].filter((id) => id.startsWith(`in_${session.slice(1)}_`)).length,
          );
          const log = await t.store.log.read(session);
          t.expect(log.map((row) => row.seq)).toEqual(log.map((_, index) => index + 1));
        }
      },
    );
  }
});
