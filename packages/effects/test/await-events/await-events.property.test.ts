// A1–A5 for any order of minting, waiting, answering, cancelling, dying, revoking and time, with hints that may be lost.
import type { Resolution } from "@pawl/core";
import type { AwaitEventRows } from "@pawl/core/ports";
import type { AwaitEvents } from "@pawl/effects";
import fc from "fast-check";
import { expect, test } from "vitest";
import { awaitsOver, custom, SCOPE, setUp, watch } from "./awaits-under-test.ts";

const EVENTS = 4;
const event = fc.integer({ min: 0, max: EVENTS - 1 });
const process = fc.integer({ min: 0, max: 1 });

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      event,
      process,
      after: fc.option(fc.integer({ min: 0, max: 3_000 })),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("answer" as const),
      event,
      process,
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("stop" as const), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("die" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("revoke" as const), event }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sweep" as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 1_500 }) }),
  },
);

interface Waiting {
  readonly event: number;
  readonly control: AbortController;
  readonly seen: { value?: Resolution; error?: unknown; ended: boolean };
  fate: "waits" | "stopped" | "died";
}

const DEAD = new Error("the process is dead");

test("one winner, nobody waits for ever, and nobody is told anything else", async () => {
  let waited = 0;
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 40 }),
      fc.infiniteStream(fc.boolean()),
      async (steps, luck) => {
        const place = setUp();
        const lossy: AwaitEventRows = {
          ...place.rows,
          onResolved: (listener) => place.rows.onResolved((keyId) => !luck.next().value && listener(keyId)),
        };
        const processes: AwaitEvents[] = [
          await awaitsOver({ ...place, rows: lossy }),
          await awaitsOver({ ...place, rows: lossy }),
        ];
        const keys = await Promise.all(
          Array.from({ length: EVENTS }, (_, i) => processes[0]!.key(SCOPE, custom(`k${i}`))),
        );
        const waits: Waiting[] = [];
        const accepted: Resolution[][] = keys.map(() => []);
        const told: Resolution[][] = keys.map(() => []);
        const revoked = new Set<number>();

        for (const one of steps) {
          switch (one.do) {
            case "wait": {
              const control = new AbortController();
              const deadline = one.after === null ? {} : { deadline: place.clock.now() + one.after };
              const wait = processes[one.process]!.wait(keys[one.event]!, {
                signal: control.signal,
                ...deadline,
              });
              waits.push({ event: one.event, control, seen: watch(wait), fate: "waits" });
              break;
            }
            case "answer": {
              const ends = Array.from({ length: one.times }, async (_, i) => {
                const answer: Resolution = { status: "ok", payload: `answer ${answered++}` };
                const outcome = await processes[(one.process + i) % 2]!.resolve(keys[one.event]!, answer);
                if (outcome.status === "accepted") accepted[one.event]!.push(answer);
                if (outcome.status === "already_resolved") told[one.event]!.push(outcome.terminal);
                expect(outcome.status === "unknown_or_revoked").toBe(revoked.has(one.event));
              });
              await Promise.all(ends);
              break;
            }
            case "stop":
            case "die": {
              const waiting = waits[one.which % Math.max(1, waits.length)];
              if (waiting === undefined || waiting.fate !== "waits") break;
              waiting.fate = one.do === "stop" ? "stopped" : "died";
              waiting.control.abort(one.do === "stop" ? new DOMException("stop", "AbortError") : DEAD);
              break;
            }
            case "revoke":
              await place.rows.revoke(keys[one.event]!.keyId);
              revoked.add(one.event);
              break;
            case "sweep":
              await place.rows.settleDue(10);
              break;
            case "pass":
              await place.clock.advance(one.ms);
          }
        }

        // The end of all deadlines, and of all patience.
        await place.clock.advance(5_000);
        for (const [index, key] of keys.entries()) {
          const record = await place.rows.load(key.keyId);
          const winner = record?.terminal ?? null;
          if (accepted[index]!.length > 0 && !revoked.has(index)) expect(accepted[index]).toEqual([winner]);
          expect(accepted[index]!.length).toBeLessThanOrEqual(1);
          if (winner !== null) for (const terminal of told[index]!) expect(terminal).toEqual(winner);
          const mine = waits.filter((waiting) => waiting.event === index);
          const results = mine.flatMap(({ seen }) => (seen.value === undefined ? [] : [seen.value]));
          // Who got an answer before a revocation keeps it; all got the same.
          for (const result of results) expect(result).toEqual(winner ?? results[0]);
          for (const { seen, fate } of mine) {
            const open = winner === null && !revoked.has(index) && fate === "waits";
            expect(seen.ended, `a waiter that ${fate} for ${JSON.stringify(winner)}`).toBe(!open);
            if (seen.error === undefined) continue;
            if (seen.error === DEAD) expect(fate).toBe("died");
            else {
              expect(seen.error).toMatchObject({ code: "await_event_unknown_or_revoked" });
              expect(revoked.has(index)).toBe(true);
            }
          }
          if (record !== null && winner === null) {
            await processes[1]!.resolve(key, { status: "ok", payload: "at last" });
          }
          waited += mine.length;
        }
        await place.clock.advance(2_000);
        expect(waits.every(({ seen }) => seen.ended)).toBe(true);
        expect(place.clock.pending).toEqual([]);
      },
    ),
    { numRuns: 150 },
  );
  // It did try what it is about.
  expect(waited).toBeGreaterThan(300);
  expect(answered).toBeGreaterThan(300);
}, 60_000);
