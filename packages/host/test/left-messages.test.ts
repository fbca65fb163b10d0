// D23: messages that tools leave in the commit of their turn, and what is told of those that nobody could deliver.
import { sessionId, tool } from "@pawl/core";
import { createHost, type OutboxMessage } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";

/** Neither a lease nor a poll of sessions comes in between. */
const SLOW = { leaseTtlMs: 3_600_000_000, pollMs: 360_000_000 };
const PATIENT = { timeout: 20_000 };
const input = z.object({ cents: z.number() });
const REFUND = { tools: [{ name: "refund", input: { cents: 40 } }] };

function scene(
  answers: Parameters<typeof scriptedModel>[0],
  handle: (message: OutboxMessage) => void = () => {},
) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const got: OutboxMessage[] = [];
  const refund = tool({
    description: "Refunds",
    input,
    onCrash: "retry",
    execute: ({ cents }, { outbox }) => {
      outbox({ topic: "mail", payload: { refunded: cents } });
      return { refunded: cents };
    },
  });
  const look = tool({
    description: "Looks",
    input,
    hints: { readOnly: true },
    execute: (_, { outbox }) => outbox({ topic: "mail", payload: "looked" }),
  });
  const outbox = {
    mail: (message: OutboxMessage) => {
      got.push(message);
      handle(message);
    },
  };
  const host = createHost({
    store,
    clock,
    model: scriptedModel(answers),
    tools: { refund, look },
    outbox,
    ...SLOW,
  });
  return { clock, store, host, got, left: () => store.outbox.list({ limit: 9 }) };
}

/** Time goes on, however far it must. */
function inTime<T>(clock: ReturnType<typeof manualClock>, check: () => T | Promise<T>, byMs = 1): Promise<T> {
  return vi.waitFor(async () => {
    await clock.advance(byMs);
    return check();
  }, PATIENT);
}

describe("a message that a tool leaves", () => {
  it("reaches the handler of its topic after the commit, once, and names the turn", async () => {
    const { clock, host, got, left } = scene([REFUND, "done"]);
    const turn = await host.session("s1").send("refund me");
    const result = await turn.result();
    await inTime(clock, () => expect(got).toHaveLength(1));
    const id = `${result.status === "completed" ? result.receipt.digest : ""}/0`;
    expect(got[0]).toMatchObject({
      id,
      topic: "mail",
      payload: { refunded: 40 },
      sessionId: "s1",
      runId: turn.id,
    });
    await inTime(clock, async () => expect(await left()).toEqual([]));
    expect(await turn.replay()).toMatchObject({ identical: true });
    expect(got).toHaveLength(1);
    await host.stop();
  });

  it("exists when the turn was cancelled afterwards, too: the call was made", async () => {
    const { host, got, left, clock } = scene([REFUND, { text: "late", after: new Promise(() => {}) }]);
    const turn = await host.session("s1").send("refund me");
    await inTime(clock, async () =>
      expect((await turn.effects()).some(({ tool, outcome }) => tool === "refund" && outcome === "ok")).toBe(
        true,
      ),
    );
    expect(await left()).toEqual([]);
    await turn.cancel();
    await inTime(clock, async () => expect((await turn.explain()).state).toBe("cancelled"), 1_000);
    await inTime(clock, () => expect(got.map(({ payload }) => payload)).toEqual([{ refunded: 40 }]));
    await host.stop({ drainMs: 0 });
  });

  it("is not left again by a fork that shares the call, nor by a dry one that makes another", async () => {
    const { host, got, clock } = scene([
      REFUND,
      "done",
      "again",
      { tools: [{ name: "look", input: { cents: 1 } }] },
      "dry",
    ]);
    const turn = await host.session("s1").send("refund me");
    await turn.result();
    await inTime(clock, () => expect(got).toHaveLength(1));
    // Ordinals: 0 begin, 1 model, 2 refund, 3 checkpoint.
    const shared = await turn.fork({ at: 3, live: true });
    expect(await shared.result()).toMatchObject({ status: "completed", text: "again" });
    const dry = await turn.fork({ at: 0 });
    expect(await dry.result()).toMatchObject({ status: "completed", text: "dry" });
    await clock.advance(5_000);
    expect(got).toHaveLength(1);
    await host.stop();
  });
});

describe("a message of an attempt whose end nobody knows (D12)", () => {
  /** The process dies in the middle of the call; it had left a message. The next one asks what became of it. */
  async function asked(last = "done") {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const got: unknown[] = [];
    let performed = 0;
    const refund = tool({
      description: "Refunds",
      input,
      execute: (_, { outbox }) => {
        performed += 1;
        outbox({ topic: "mail", payload: performed });
        return performed === 1 ? new Promise(() => {}) : "refunded";
      },
    });
    const options = {
      store,
      clock,
      model: scriptedModel([REFUND, last]),
      tools: { refund },
      outbox: { mail: ({ payload }: OutboxMessage) => void got.push(payload) },
      ...SLOW,
    };
    const dying = createHost(options);
    const { id } = await dying.session("s1").send("refund me");
    await inTime(clock, async () => {
      const rows = await store.log.read(sessionId("s1"));
      expect(rows.filter(({ body }) => body.kind === "effect_intent" && body.left)).toHaveLength(1);
    });
    const stopping = dying.stop({ drainMs: 0 });
    await inTime(clock, () => stopping, 1_000);
    const host = createHost(options);
    await host.start();
    const turn = host.turn(id);
    const [wait] = await inTime(clock, async () => {
      const waits = await host.waits.list();
      expect(waits).toHaveLength(1);
      return waits;
    });
    return { clock, host, turn, wait: wait!, got, performed: () => performed };
  }

  it("goes out when somebody says that it happened, and the question says so", async () => {
    const { clock, host, turn, wait, got } = await asked();
    expect(wait.reason).toMatchObject({ type: "did_it_happen", left: 1 });
    expect(got).toEqual([]);
    await host.waits.answer(wait.id, { happened: true, output: "yes" }, { by: "ana" });
    await inTime(clock, () => expect(got).toEqual([1]));
    expect(await turn.replay()).toMatchObject({ identical: true });
    const began = [];
    for await (const event of turn.events()) if (event.type === "tool.started") began.push(event.attempt);
    expect(began).toEqual([0]);
    await host.stop();
  });

  it("is forgotten when it did not: the next attempt leaves its own", async () => {
    const { clock, host, wait, got, performed } = await asked();
    await clock.advance(3_600_000);
    await host.waits.answer(wait.id, { happened: false }, { by: "ana" });
    await inTime(clock, () => expect(got).toEqual([2]));
    expect(performed()).toBe(2);
    await host.stop();
  });

  it("is forgotten when nobody can say", async () => {
    const { clock, host, turn, wait, got } = await asked("too bad");
    await host.waits.answer(wait.id, { abandon: true }, { by: "ana" });
    await inTime(clock, async () => expect((await turn.explain()).state).toBe("completed"));
    await clock.advance(5_000);
    expect(got).toEqual([]);
    await host.stop();
  });
});

describe("a message that could not be delivered", () => {
  it("is shown by the turn and the session whose commit made it, with what helps", async () => {
    let broken = true;
    const { clock, host, got } = scene([REFUND, "done", "hi"], () => {
      if (broken) throw Object.assign(new Error("no route to the post office"), { code: "E" });
    });
    const alice = host.as({ principal: "alice" });
    const turn = await alice.session("s1").send("refund me");
    await turn.result();
    const letter = await inTime(
      clock,
      async () => {
        const [letter] = await alice.session("s1").deadLetters();
        expect(letter).toBeDefined();
        return letter!;
      },
      600_000,
    );
    expect(letter).toMatchObject({ sessionId: "s1", runId: turn.id, item: { topic: "mail" }, dead: true });
    const explained = await turn.explain();
    expect(explained).toMatchObject({
      state: "completed",
      deadLetters: [{ id: letter.id, sessionId: "s1" }],
    });
    expect(explained.why).toMatch(/message "mail" \(outbox_delivery_failed: .*no route to the post office/);
    expect(explained.advice).toContain("deadLetters.retry");
    expect(await host.deadLetters.list()).toMatchObject([{ id: letter.id, sessionId: "@alice/s1" }]);

    const other = await alice.session("s1").send("hello");
    await other.result();
    expect(await other.explain()).not.toHaveProperty("deadLetters");
    expect(await host.as({ principal: "bob" }).session("s1").deadLetters()).toEqual([]);

    broken = false;
    const before = got.length;
    await host.deadLetters.retry(letter.id);
    await inTime(clock, () => expect(got).toHaveLength(before + 1));
    await inTime(clock, async () => expect(await turn.explain()).not.toHaveProperty("deadLetters"));
    await host.stop();
  });
});
