// What waits, over one PostgreSQL and several hosts and stores: D15, D16, promise 4.
import { executionScope, type Resolution, tool } from "@pawl/core";
import { type AwaitEvents, createAwaitEvents, createKeyring, parseKey, systemClock } from "@pawl/effects";
import { createHost, type Host, type TurnResult } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { startTestPostgres, type TestPostgres } from "@pawl/test-postgres";
import { scriptedModel, seededRandom } from "@pawl/testing";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { JOURNEY_SECRET } from "./journey-secret.ts";

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 120_000);
afterAll(() => postgres.stop(), 60_000);

let schemas = 0;
let schema = "";
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function freshSchema(): void {
  schemas += 1;
  schema = `waits_${schemas}`;
}

async function openStore(options: { readonly listenUrl?: false } = {}) {
  const store = postgresStore({ url: postgres.url, schema, poolSize: 4, ...options });
  await store.open();
  ends.push(() => store.close());
  return store;
}

const BUDGET = { maxTokens: 1, onBudget: "wait" } as const;
const GRANT: Resolution = { status: "ok", payload: { tokens: 1_000_000 } };
const work = tool({ description: "Works", input: z.object({}), onCrash: "retry", execute: () => 1 });

/** A process of its own, as far as the database can tell. */
async function node(model = scriptedModel([{ tools: [{ name: "work" }] }, "paid for"])): Promise<Host> {
  const host = createHost({
    store: await openStore(),
    secret: JOURNEY_SECRET,
    model,
    tools: { work },
    limits: BUDGET,
  });
  ends.push(() => host.stop({ drainMs: 50 }));
  return host;
}

function waitOf(result: TurnResult) {
  if (result.status !== "waiting") throw new Error(`It is ${result.status}.`);
  expect(result.waits).toHaveLength(1);
  return result.waits[0]!;
}

describe("a turn that waits in PostgreSQL", () => {
  test("D15 D16 goes on in another process, after an answer by key from a third", async () => {
    freshSchema();
    const one = await node();
    const turn = await one.session("s1").send("go");
    const wait = waitOf(await turn.result());
    const text = await one.waits.key(wait.id, { audience: "ana" });
    await one.stop();

    const two = await node(scriptedModel(["paid for"]));
    await two.start();
    expect(waitOf(await two.turn(turn.id).result()).id).toBe(wait.id);

    // Somebody who only answers: no host, no model. All of one database sign with one secret.
    const store = await openStore({ listenUrl: false });
    const answering = await createAwaitEvents({
      store,
      keyring: [JOURNEY_SECRET],
    });
    expect(await answering.resolve(parseKey(text)!, GRANT)).toEqual({ status: "accepted" });
    expect(await two.turn(turn.id).result()).toMatchObject({ status: "completed", text: "paid for" });
    expect(await answering.resolve(parseKey(text)!, GRANT)).toMatchObject({ status: "already_resolved" });
    expect((await two.turn(turn.id).replay()).identical).toBe(true);
  }, 60_000);

  test("D16 is answered with nobody alive, and goes on with whoever comes next", async () => {
    freshSchema();
    const one = await node();
    const turn = await one.session("s1").send("go");
    const { id } = waitOf(await turn.result());
    await one.stop();
    const store = await openStore({ listenUrl: false });
    expect(await store.awaits.resolve(id, GRANT, { name: "ana", via: "host" })).toMatchObject({
      status: "accepted",
    });
    const two = await node(scriptedModel(["paid for"]));
    expect(await two.turn(turn.id).result()).toMatchObject({ status: "completed", text: "paid for" });
    expect(await two.waits.list()).toEqual([]);
  }, 60_000);

  test("20 sessions wait, and answers from two processes wake each once", async () => {
    freshSchema();
    const replies = Array.from({ length: 40 }, (_, i) => (i < 20 ? { tools: [{ name: "work" }] } : "done"));
    const model = scriptedModel(replies);
    const one = await node(model);
    const turns = await Promise.all(Array.from({ length: 20 }, (_, i) => one.session(`s${i}`).send("go")));
    const ids = await Promise.all(turns.map(async (turn) => waitOf(await turn.result()).id));
    expect((await one.waits.list()).map(({ id }) => id).sort()).toEqual([...ids].sort());
    const two = await node(model);
    await two.start();
    const answers = await Promise.all(
      ids.flatMap((id) => [one, two].map((host) => host.waits.answer(id, GRANT, { by: "ana" }))),
    );
    expect(answers.filter(({ status }) => status === "accepted")).toHaveLength(20);
    for (const turn of turns) {
      expect(await two.turn(turn.id).result()).toMatchObject({ status: "completed", text: "done" });
    }
    expect(model.calls).toHaveLength(40);
  }, 120_000);
});

describe("await-events in PostgreSQL, from two stores", () => {
  test.each([1, 2, 3])(
    "A1–A5 one winner, and nobody waits for ever (seed %i)",
    async (seed) => {
      freshSchema();
      const next = seededRandom(seed);
      const bytes = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
      const keyring = createKeyring([{ id: "k1", bytes }]);
      const stores = [await openStore(), await openStore({ listenUrl: false })];
      const sides: AwaitEvents[] = [];
      for (const store of stores) {
        sides.push(await createAwaitEvents({ rows: store.awaits, keyring, clock: systemClock }));
      }
      const side = () => sides[next() < 0.5 ? 0 : 1]!;
      const scope = executionScope.turn("s1", "turn_1");
      const dead = new Error("the process is dead");

      const runs = Array.from({ length: 12 }, async (_, i) => {
        const wait = { type: "custom", key: `k${i}` } as const;
        const key = await side().key(scope, wait);
        const waits: Promise<Resolution | "revoked" | "died">[] = [];
        const accepted: Resolution[] = [];
        const answers: Promise<void>[] = [];
        const expires = next() < 0.3;
        let revoked = false;
        for (let n = 0; n < 8; n++) {
          const what = next();
          if (what < 0.5) {
            const control = new AbortController();
            const options = { signal: control.signal, ...(expires && { deadline: Date.now() + 300 }) };
            const waiting = side()
              .wait(key, options)
              .catch((error: { code?: string }) => {
                if ((error as unknown) === dead) return "died" as const;
                expect(error.code).toBe("await_event_unknown_or_revoked");
                return "revoked" as const;
              });
            waits.push(waiting);
            if (next() < 0.2) setTimeout(() => control.abort(dead), 20);
            else if (next() < 0.1)
              setTimeout(() => control.abort(new DOMException("stop", "AbortError")), 20);
          } else if (what < 0.9) {
            const answer: Resolution = { status: "ok", payload: `${i}.${n}` };
            answers.push(
              side()
                .resolve(key, answer)
                .then(({ status }) => {
                  if (status === "accepted") accepted.push(answer);
                }),
            );
          } else if (next() < 0.3) {
            revoked = true;
            await stores[0]!.awaits.revoke(key.keyId);
          }
          if (next() < 0.5) await new Promise((resolve) => setImmediate(resolve));
        }
        await Promise.all(answers);
        // Whatever is open still gets its answer at the end, so every waiter must come back.
        await side().resolve(key, { status: "ok", payload: "at last" });
        const results = await Promise.all(waits);
        const winner = revoked ? undefined : await side().peek(key);
        if (!revoked) expect(winner).not.toBe(null);
        expect(accepted.length).toBeLessThanOrEqual(1);
        if (!revoked && accepted.length === 1) expect(winner).toEqual(accepted[0]);
        const told = results.filter((result) => typeof result === "object");
        for (const result of told) expect(result).toEqual(winner ?? told[0]);
        if (!revoked) expect(results).not.toContain("revoked");
        return results.length;
      });
      const counts = await Promise.all(runs);
      expect(counts.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(20);
    },
    60_000,
  );

  test("D15 two sweepers and nobody else: each deadline fires once", async () => {
    freshSchema();
    const stores = [await openStore(), await openStore({ listenUrl: false })];
    for (let i = 0; i < 30; i++) {
      await stores[i % 2]!.awaits.register({
        keyId: `k${i}`,
        scope: executionScope.turn("s1", "turn_1"),
        wait: { type: "custom", key: `k${i}` },
        sessionId: null,
        turnId: null,
        dueAt: Date.now() + 50,
        info: {},
      });
    }
    let settled = 0;
    await vi.waitFor(
      async () => {
        const ended = await Promise.all(stores.map((store) => store.awaits.settleDue(7)));
        settled += ended.reduce((sum, one) => sum + one.settled, 0);
        expect(ended.every(({ nextDueAt }) => nextDueAt === null)).toBe(true);
      },
      { timeout: 20_000 },
    );
    expect(settled).toBe(30);
  }, 60_000);
});
