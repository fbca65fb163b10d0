// What waits, over one store and two hosts: D12, D15, D16, promise 4.
import { tool } from "@pawl/core";
import type { Clock } from "@pawl/core/ports";
import { createAwaitEvents, parseKey, parseKeyring, systemClock } from "@pawl/effects";
import { createHost, type Host, type PendingWait, type TurnResult } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

const SECRET = `k1:${btoa("0123456789abcdefghijklmnopqrstuv")}`;
const BUDGET = { maxTokens: 1, onBudget: "wait" } as const;

/** A tool that may happen once; the first call of it never ends. */
function onceTool() {
  const seen = { performed: 0 };
  const work = tool({
    description: "Works",
    input: z.object({}),
    execute: () => {
      seen.performed += 1;
      return seen.performed === 1 ? new Promise(() => {}) : { done: seen.performed };
    },
  });
  return { seen, tools: { work } };
}

/** A turn whose process died in the middle of its call, and another host that asks what became of it. */
async function ambiguous(last: string, aheadMs = 0) {
  const store = memoryStore();
  const model = scriptedModel([{ tools: [{ name: "work" }] }, last]);
  const { seen, tools } = onceTool();
  const first = createHost({ store, model, tools });
  const { id } = await first.session("s1").send("go");
  await vi.waitFor(() => expect(seen.performed).toBe(1), { timeout: 10_000 });
  await first.stop({ drainMs: 10 });
  const clock: Clock = {
    now: () => systemClock.now() + aheadMs,
    at: (at, run) => systemClock.at(at - aheadMs, run),
  };
  const second = testHost({ store, model, tools, clock });
  const result = await second.turn(id).result();
  const [wait] = waiting(result);
  return { store, model, tools, seen, host: second, id, waitId: wait!.id, result };
}

function waiting(result: TurnResult) {
  expect(result.status).toBe("waiting");
  return result.status === "waiting" ? result.waits : [];
}

async function lastToolResult(host: Host): Promise<unknown> {
  const messages = await host.session("s1").transcript();
  return messages.findLast((message) => message.role === "tool");
}

describe("a wait", () => {
  it("is shown with the id of its event, by the turn and in the list", async () => {
    const { host, id, waitId } = await ambiguous("x");
    expect(waitId).toMatch(/^[0-9a-f]{64}$/);
    const expected: Partial<PendingWait> = {
      id: waitId,
      sessionId: "s1" as never,
      turnId: id,
      dueAt: null,
    };
    const reason = { type: "did_it_happen", tool: "work", attempt: 0 };
    for (const query of [{}, { sessionId: "s1" }]) {
      expect(await host.waits.list(query)).toMatchObject([{ ...expected, reason }]);
    }
    expect(await host.waits.list({ sessionId: "s2" })).toEqual([]);
  });

  it("D12 yes, it happened: the output becomes the result and nothing is performed", async () => {
    const { host, id, waitId, seen } = await ambiguous("thanks");
    const answer = { happened: true, output: { receipt: 7 } } as const;
    expect(await host.waits.answer(waitId, answer, { by: "ana" })).toEqual({ status: "accepted" });
    expect(await host.turn(id).result()).toMatchObject({ status: "completed", text: "thanks" });
    expect(await lastToolResult(host)).toMatchObject({ parts: [{ status: "ok", output: { receipt: 7 } }] });
    expect(seen.performed).toBe(1);
    expect(await host.waits.list()).toEqual([]);
    // The answer is recorded: a replay asks nobody.
    expect((await host.turn(id).replay()).identical).toBe(true);
  });

  it("D12 no is not known while the call may still happen; yes is", async () => {
    const { host, id, waitId, seen } = await ambiguous("thanks");
    const [wait] = await host.waits.list();
    const { noAfter } = (wait as PendingWait).reason as { readonly noAfter: number };
    expect(noAfter).toBeGreaterThan(Date.now() + 9 * 60_000);
    await expect(host.waits.answer(waitId, { happened: false }, { by: "ana" })).rejects.toMatchObject({
      code: "wait_answer_early",
      details: { from: noAfter },
    });
    expect(seen.performed).toBe(1);
    await host.waits.answer(waitId, { happened: true, output: 1 }, { by: "ana" });
    expect(await host.turn(id).result()).toMatchObject({ status: "completed" });
  });

  it("D12 no: it is performed again", async () => {
    const { host, id, waitId, seen } = await ambiguous("thanks", 3_600_000);
    await host.waits.answer(waitId, { happened: false }, { by: "ana" });
    expect(await host.turn(id).result()).toMatchObject({ status: "completed" });
    expect(await lastToolResult(host)).toMatchObject({ parts: [{ status: "ok", output: { done: 2 } }] });
    expect(seen.performed).toBe(2);
  });

  it("D12 abandon: nobody knows, and the model is told so", async () => {
    const { host, id, waitId, seen } = await ambiguous("too bad");
    await host.waits.answer(waitId, { abandon: true }, { by: "ana" });
    expect(await host.turn(id).result()).toMatchObject({ status: "completed", text: "too bad" });
    expect(await lastToolResult(host)).toMatchObject({ parts: [{ status: "unknown" }] });
    expect(seen.performed).toBe(1);
  });

  it("the first answer wins, later ones learn it, and an answer of another kind is refused", async () => {
    const { host, waitId, store } = await ambiguous("x");
    await host.waits.answer(waitId, { happened: true, output: 1 }, { by: "ana" });
    expect(await host.waits.answer(waitId, { happened: false }, { by: "bo" })).toEqual({
      status: "already_resolved",
      terminal: { status: "ok", payload: { happened: true, output: 1 } },
    });
    expect((await store.awaits.load(waitId))?.resolvedBy).toEqual({ name: "ana", via: "host" });
    expect(await host.waits.answer("f".repeat(64), { happened: false }, { by: "bo" })).toEqual({
      status: "unknown_or_revoked",
    });
    await expect(host.waits.key("f".repeat(64))).rejects.toMatchObject({ code: "wait_unknown" });
  });

  it("D16 is parked, and a key answers it in a process that never ran the turn", async () => {
    const store = memoryStore();
    const model = scriptedModel([{ tools: [{ name: "work" }] }, "paid for"]);
    const work = tool({ description: "Works", input: z.object({}), execute: () => 1 });
    const tools = { work };
    const one = testHost({ store, model, tools, limits: BUDGET });
    const turn = await one.session("s1").send("go");
    const [wait] = waiting(await turn.result());
    expect(wait!.reason).toMatchObject({ type: "budget" });
    await expect(one.waits.answer(wait!.id, { happened: false }, { by: "x" })).rejects.toMatchObject({
      code: "wait_answer_unfit",
    });
    await one.stop();
    // The keys of one store are the same in every host: the secret is kept there.
    const two = testHost({ store, model, tools, limits: BUDGET });
    const text = await two.waits.key(wait!.id, { audience: "ana" });
    const key = parseKey(text)!;
    expect(key).toMatchObject({ keyId: wait!.id, audience: "ana" });
    const three = testHost({ store, model, tools });
    expect(parseKey(await three.waits.key(wait!.id, { audience: "ana" }))).toEqual(key);
    const grant = { status: "ok", payload: { tokens: 1_000_000 } } as const;
    expect(await three.waits.answer(wait!.id, grant, { by: "ana" })).toEqual({ status: "accepted" });
    expect(await two.turn(turn.id).result()).toMatchObject({ status: "completed", text: "paid for" });
  });

  it("D15 D16 with a deadline times out with no process alive that waits for it", async () => {
    const store = memoryStore();
    const model = scriptedModel([]);
    const host = testHost({ store, model });
    const { createdAt } = (await store.awaits.register({
      keyId: "k1",
      scope: { type: "runtime_operation", operationId: "op" },
      wait: { type: "custom", key: "k" },
      sessionId: null,
      turnId: null,
      dueAt: Date.now() + 50,
      info: {},
    }))!;
    await host.start();
    await vi.waitFor(
      async () => expect((await store.awaits.load("k1"))?.terminal).toEqual({ status: "timeout" }),
      { timeout: 10_000 },
    );
    expect((await store.awaits.load("k1"))?.resolvedAt).toBeGreaterThanOrEqual(createdAt);
  });

  it("that is revoked goes on without an answer, and its turn ends", async () => {
    const { host, id, store } = await ambiguous("without");
    await store.awaits.revokeSession("s1" as never);
    expect(await host.turn(id).result()).toMatchObject({ status: "completed", text: "without" });
    expect(await lastToolResult(host)).toMatchObject({ parts: [{ status: "unknown" }] });
  });

  it("is ended by a cancel of its turn, and its event is settled", async () => {
    const { host, id, waitId, store } = await ambiguous("x");
    await host.turn(id).cancel();
    await vi.waitFor(async () => expect((await host.turn(id).result()).status).toBe("cancelled"), {
      timeout: 10_000,
    });
    expect((await store.awaits.load(waitId))?.terminal).toEqual({ status: "cancelled" });
  });

  it("a host that stops while it waits settles nothing, and the next one goes on waiting", async () => {
    const { host, id, waitId, store, model, tools } = await ambiguous("later");
    await host.stop({ drainMs: 10 });
    expect((await store.awaits.load(waitId))?.terminal).toBe(null);
    const next = testHost({ store, model, tools });
    expect(waiting(await next.turn(id).result())).toMatchObject([{ id: waitId }]);
    await next.waits.answer(waitId, { happened: true }, { by: "ana" });
    expect(await next.turn(id).result()).toMatchObject({ status: "completed", text: "later" });
  });
});

describe("the secret", () => {
  it("is read when the host is made: a weak one is refused with the command that makes a good one", () => {
    const make = (secret: string) => () =>
      createHost({ store: memoryStore(), model: scriptedModel([]), secret });
    expect(make("k1:c2hvcnQ=")).toThrow(/randomBytes/);
    expect(make("nothing")).toThrow(/id:base64/);
  });

  it("must be given for a durable store, and the error prints the command that makes one", () => {
    const make = () =>
      createHost({ store: { ...memoryStore(), durability: "durable" }, model: scriptedModel([]) });
    expect(make).toThrow(
      expect.objectContaining({ code: "secret_required", message: expect.stringContaining("randomBytes") }),
    );
  });

  it("that is given signs, and hosts with other secrets do not take its keys", async () => {
    const { store, model, waitId } = await ambiguous("x");
    const given = testHost({ store, model, secret: SECRET });
    const key = parseKey(await given.waits.key(waitId))!;
    const same = await createAwaitEvents({
      rows: store.awaits,
      keyring: parseKeyring(SECRET),
      clock: { now: Date.now, at: () => () => {} },
    });
    expect(same.verify(key)).toBe(true);
    const kept = await createAwaitEvents({
      rows: store.awaits,
      keyring: parseKeyring(await store.secrets.loadOrCreate("await-keys", () => "none")),
      clock: { now: Date.now, at: () => () => {} },
    });
    expect(kept.verify(key)).toBe(false);
  });
});
