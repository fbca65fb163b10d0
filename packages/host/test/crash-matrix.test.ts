import { callId, canonicalJson, type ModelResult, NO_USAGE, tool } from "@pawl/core";
import type { Clock, Model, Store } from "@pawl/core/ports";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { type DeathPoint, dyingStore, type ManualClock, manualClock } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";

/** What the world outside remembers: it survives every crash of ours. */
interface World {
  readonly charges: Map<string, number>;
  charged: number;
  looked: number;
  asked: number;
}

/** A model that works out where it is from the request, as every model does: it may be asked again after a crash. */
function model(world: World): Model {
  const answer = (parts: Extract<ModelResult, { ok: true }>["answer"]["parts"]): ModelResult => ({
    ok: true,
    answer: { parts, terminalReason: "stop", usage: { ...NO_USAGE, modelCalls: 1 }, model: "test" },
  });
  return {
    id: "test",
    async call({ messages }, { onText }) {
      world.asked += 1;
      const results = messages.filter((m) => m.role === "tool").length;
      if (results === 0) {
        return answer([
          { type: "tool_call", callId: callId("a"), name: "look", input: { what: "price" } },
          { type: "tool_call", callId: callId("b"), name: "charge", input: { cents: 100 } },
        ]);
      }
      if (results === 1) {
        return answer([{ type: "tool_call", callId: callId("c"), name: "charge", input: { cents: 23 } }]);
      }
      onText("all ");
      onText("done");
      return answer([{ type: "text", text: "all done" }]);
    },
  };
}

function hostOf(store: Store<never>, clock: Clock, world: World) {
  const look = tool({
    description: "Looks something up",
    input: z.object({ what: z.string() }),
    onCrash: "retry",
    execute: (_, { outbox }) => {
      world.looked += 1;
      outbox({ topic: "mail", payload: { looked: true } });
      return { price: 123 };
    },
  });
  const charge = tool({
    description: "Charges a card",
    input: z.object({ cents: z.number() }),
    timeoutMs: 5_000,
    execute: ({ cents }, { idempotencyKey, outbox }) => {
      world.charged += 1;
      world.charges.set(idempotencyKey, cents);
      outbox({ topic: "mail", payload: { charged: cents } });
      return { charged: cents };
    },
    reconcile: async ({ cents }, { idempotencyKey, outbox }) => {
      if (!world.charges.has(idempotencyKey)) return { happened: false };
      outbox({ topic: "mail", payload: { charged: cents } });
      return { happened: true, output: { charged: cents } };
    },
  });
  return createHost({ store, clock, model: model(world), tools: { look, charge } });
}

async function until<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  for (let i = 0; i < 2_000 && !settled; i++) {
    if (!(await clock.next())) await clock.advance(1_000);
  }
  if (!settled) throw new Error("It is still not over after 2,000 timers of the manual clock.");
  return promise;
}

async function scenario(point?: DeathPoint) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const world: World = { charges: new Map(), charged: 0, looked: 0, asked: 0 };
  const doomed = dyingStore(store, point);
  const first = hostOf(doomed.store, clock, world);
  const turn = await first.session("s1").send("buy it", { idempotencyKey: "k1" });
  if (point) {
    void first.start();
    await until(clock, doomed.died);
  }
  const last = point ? hostOf(store, clock, world) : first;
  await last.start();
  const result = await until(clock, last.turn(turn.id).result());
  const transcript = await last.session("s1").transcript();
  const receipts = await last.session("s1").receipts();
  const inputs = await last.session("s1").inputs();
  const rows = await store.log.read((await last.session("s1").record())!.sessionId);
  const messages = (await store.outbox.list({ limit: 9 })).map(({ id, item }) => ({ id, item }));
  await until(clock, last.stop());
  const digest = receipts.at(-1)?.digest;
  return { result, transcript, receipts, digest, inputs, rows, messages, world, writes: doomed.writes };
}

describe("a crash before each write and after each with its response lost (promises 1, 2 and 6)", async () => {
  const calm = await scenario();

  it("is measured against an undisturbed run that does everything once", () => {
    expect(calm.result).toMatchObject({ status: "completed", text: "all done" });
    expect(calm.world).toMatchObject({ charged: 2, looked: 1, asked: 3 });
    expect(calm.writes.length).toBeGreaterThan(10);
    const mail = (payload: object) => ({ type: "message", topic: "mail", payload });
    const left = [mail({ looked: true }), mail({ charged: 100 }), mail({ charged: 23 })];
    expect(calm.messages).toEqual(left.map((item, index) => ({ id: `${calm.digest}/${index}`, item })));
  });

  const points = calm.writes.flatMap((name, index): (DeathPoint & { name: string })[] =>
    (["before", "after"] as const).map((when) => ({ write: index + 1, when, name })),
  );

  it.each(points)("$when write $write ($name)", async (point) => {
    const run = await scenario(point);
    expect(run.result.status).toBe("completed");
    expect(canonicalJson(run.transcript)).toBe(canonicalJson(calm.transcript));
    expect(canonicalJson(run.receipts)).toBe(canonicalJson(calm.receipts));
    // What tools leave for the world outside is there once, as the commit is; in which order the calls settled is the journal's (D23).
    expect(run.messages.map(({ id }) => id)).toEqual(calm.messages.map(({ id }) => id));
    expect(run.messages.map(({ item }) => canonicalJson(item)).sort()).toEqual(
      calm.messages.map(({ item }) => canonicalJson(item)).sort(),
    );
    expect(run.inputs.map(({ state }) => state)).toEqual(["consumed"]);
    expect(run.world.charged).toBe(2);
    expect([...run.world.charges.values()]).toEqual([100, 23]);
    expect(run.world.looked).toBeLessThanOrEqual(2);
    expect(run.rows.map(({ seq }) => seq)).toEqual(run.rows.map((_row, index) => index + 1));
  });
});
