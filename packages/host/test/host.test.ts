import { PawlError, tool } from "@pawl/core";
import { createHost, type HostOptions, type TurnResult } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

function hostWith(options: Omit<HostOptions, "store"> & { store?: HostOptions["store"] }) {
  return testHost({ store: memoryStore(), ...options });
}

const NO_INPUT = z.object({});
const callTwice = { tools: [{ name: "work" }] };

describe("send", () => {
  it("gives the same turn for the same idempotency key, and a conflict for other content", async () => {
    const host = hostWith({ model: scriptedModel(["one"]) });
    const session = host.session("s1");
    const first = await session.send("hi", { idempotencyKey: "k" });
    const again = await session.send("hi", { idempotencyKey: "k" });
    expect(again.id).toBe(first.id);
    expect(await again.result()).toMatchObject({ status: "completed", text: "one" });
    await expect(session.send("other", { idempotencyKey: "k" })).rejects.toMatchObject({
      code: "store_conflict",
    });
  });

  it("refuses an input that says nothing", async () => {
    const host = hostWith({ model: scriptedModel([]) });
    await expect(host.session("s1").send("  ")).rejects.toMatchObject({ code: "input_empty" });
    expect(() => host.session(" ")).toThrow(PawlError);
  });

  it.each([
    ["a delivery that there is not", "hi", { delivery: "later" }],
    ["a time that is none", "hi", { at: "tomorrow" }],
    ["a date in place of a time", "hi", { at: new Date(0) }],
    ["a time that is not a number", "hi", { at: Number.NaN }],
    ["a key that names nothing", "hi", { idempotencyKey: "" }],
    ["content of another kind", 42, {}],
    ["no content", undefined, {}],
    ["a part of another kind", [{ type: "video" }], {}],
    ["a text without its text", [{ type: "text" }], {}],
  ])("refuses %s, and holds up nobody with it", async (_what, content, options) => {
    const host = hostWith({ model: scriptedModel(["fine"]) });
    const session = host.session("s1");
    await expect(session.send(content as never, options as never)).rejects.toMatchObject({
      code: "input_invalid",
    });
    expect(await session.record()).toBeNull();
    expect(await (await session.send("y")).result()).toMatchObject({ status: "completed", text: "fine" });
  });

  it("queues inputs of one session behind one another, in order (D2, promise 3)", async () => {
    const gate = Promise.withResolvers<void>();
    const host = hostWith({ model: scriptedModel([{ text: "first", after: gate.promise }, "second"]) });
    const turns = [await host.session("s1").send("a"), await host.session("s1").send("b")];
    await vi.waitFor(async () => expect((await turns[1]?.explain())?.state).toBe("queued"), {
      timeout: 10_000,
    });
    gate.resolve();
    const results = await Promise.all(turns.map((turn) => turn.result()));
    expect(results.map((result) => result.status === "completed" && result.text)).toEqual([
      "first",
      "second",
    ]);
  });

  it("ends a turn that cannot be prepared with the reason, and goes on with the next", async () => {
    const host = hostWith({ model: scriptedModel(["fine"]) });
    const refused = await (await host.session("s1").send("x", { agent: "nobody" })).result();
    expect(refused).toMatchObject({ status: "failed", code: "agent_unknown" });
    expect(await (await host.session("s1").send("y")).result()).toMatchObject({ status: "completed" });
  });
});

describe("cancel", () => {
  it("reaches a running tool, and the record says what is known of it (D18)", async () => {
    const started = Promise.withResolvers<void>();
    const work = tool({
      description: "Works until it is stopped",
      input: NO_INPUT,
      execute: (_input, { signal }) =>
        new Promise((_resolve, reject) => {
          started.resolve();
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    });
    const host = hostWith({ model: scriptedModel([callTwice]), tools: { work } });
    const turn = await host.session("s1").send("go");
    await started.promise;
    expect(await turn.cancel({ reason: "enough" })).toMatchObject({ status: "requested" });
    expect(await turn.result()).toMatchObject({ status: "cancelled", evidence: { reason: "enough" } });
    expect(await turn.cancel()).toMatchObject({ status: "already_requested" });
    const last = (await host.session("s1").transcript()).at(-1);
    expect(last).toMatchObject({ role: "tool", parts: [{ status: "unknown" }] });
  });

  it("of a turn that waits behind another performs nothing of it", async () => {
    const gate = Promise.withResolvers<void>();
    const model = scriptedModel([{ text: "first", after: gate.promise }]);
    const host = hostWith({ model });
    const first = await host.session("s1").send("a");
    const second = await host.session("s1").send("b");
    await second.cancel();
    gate.resolve();
    expect(await first.result()).toMatchObject({ status: "completed" });
    expect(await second.result()).toMatchObject({ status: "cancelled" });
    expect(model.calls).toHaveLength(1);
  });

  it("that comes after the end learns that the completion won", async () => {
    const host = hostWith({ model: scriptedModel(["done"]) });
    const turn = await host.session("s1").send("a");
    await turn.result();
    expect(await turn.cancel()).toMatchObject({ status: "completion_won" });
  });
});

describe("steering", () => {
  it("enters the running turn at its next checkpoint, once (D19)", async () => {
    const gate = Promise.withResolvers<void>();
    const work = tool({
      description: "Works",
      input: NO_INPUT,
      onCrash: "retry",
      execute: () => gate.promise,
    });
    const model = scriptedModel([callTwice, "with the hint"]);
    const host = hostWith({ model, tools: { work } });
    const turn = await host.session("s1").send("go");
    await vi.waitFor(async () => expect((await turn.explain()).state).toBe("running"), { timeout: 10_000 });
    const steer = await host.session("s1").send("look left", { delivery: "steer" });
    gate.resolve();
    const result = await turn.result();
    expect(result).toMatchObject({ status: "completed", text: "with the hint" });
    expect(await steer.result()).toMatchObject({ turnId: turn.id });
    const said = model.calls[1]?.messages.filter((message) => message.role === "user");
    expect(said).toHaveLength(2);
  });
});

describe("a host that stops", () => {
  it("lets what runs end within the drain, and another host goes on without performing it again", async () => {
    const store = memoryStore();
    const gate = Promise.withResolvers<void>();
    let performed = 0;
    const work = tool({
      description: "Works",
      input: NO_INPUT,
      execute: async () => {
        performed += 1;
        await gate.promise;
        return "worked";
      },
    });
    const model = scriptedModel([callTwice, "after the restart"]);
    const first = createHost({ store, model, tools: { work } });
    const turn = await first.session("s1").send("go");
    await vi.waitFor(() => expect(performed).toBe(1), { timeout: 10_000 });
    const stopping = first.stop({ drainMs: 5_000 });
    gate.resolve();
    await stopping;
    expect(await first.ready()).toBe(false);
    const second = hostWith({ store, model, tools: { work } });
    expect(await second.turn(turn.id).result()).toMatchObject({
      status: "completed",
      text: "after the restart",
    });
    expect(performed).toBe(1);
  });

  it("leaves an unfinished call of a tool that may not happen twice to a person, visibly (D12)", async () => {
    const store = memoryStore();
    let performed = 0;
    const work = tool({
      description: "Never ends",
      input: NO_INPUT,
      execute: () => {
        performed += 1;
        return new Promise(() => {});
      },
    });
    const model = scriptedModel([callTwice]);
    const first = createHost({ store, model, tools: { work } });
    const turn = await first.session("s1").send("go");
    await vi.waitFor(() => expect(performed).toBe(1), { timeout: 10_000 });
    await first.stop({ drainMs: 10 });
    const second = hostWith({ store, model, tools: { work } });
    const result: TurnResult = await second.turn(turn.id).result();
    expect(result).toMatchObject({
      status: "waiting",
      waits: [{ reason: { type: "did_it_happen", tool: "work" } }],
    });
    expect(performed).toBe(1);
    expect((await second.turn(turn.id).explain()).advice).toMatch(/cancel/);
    await second.turn(turn.id).cancel();
    expect(
      await vi.waitFor(
        async () => {
          const now = await second.turn(turn.id).result();
          expect(now.status).toBe("cancelled");
          return now;
        },
        { timeout: 10_000 },
      ),
    ).toMatchObject({ status: "cancelled" });
  });
});

describe("looking back", () => {
  it("a turn that does not exist is said to be unknown", async () => {
    const host = hostWith({ model: scriptedModel([]) });
    await expect(host.turn("turn_nope").result()).rejects.toMatchObject({ code: "turn_unknown" });
  });

  it("events go on after any event, without a gap and without a repeat (D5)", async () => {
    const work = tool({ description: "Works", input: NO_INPUT, onCrash: "retry", execute: () => 1 });
    const host = hostWith({ model: scriptedModel([callTwice, "done"]), tools: { work } });
    const turn = await host.session("s1").send("go");
    const all: string[] = [];
    for await (const event of turn.events()) all.push(event.id);
    for (const [index, id] of all.entries()) {
      const rest: string[] = [];
      for await (const event of turn.events({ after: id, signal: AbortSignal.timeout(2_000) }))
        rest.push(event.id);
      expect(rest).toEqual(all.slice(index + 1));
      if (index === all.length - 2) break;
    }
    await expect(turn.events({ after: "x" })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "invalid_event_id",
    });
  });
});

describe("a model that goes on talking after its turn was cancelled", () => {
  it("writes nothing into the closed turn and does not harm the next one (D8)", async () => {
    const asked = Promise.withResolvers<void>();
    let say = (_text: string) => {};
    const model = {
      id: "chatty",
      call: (_request: unknown, { onText }: { onText: (text: string) => void }) => {
        say = onText;
        asked.resolve();
        return new Promise<never>(() => {});
      },
    };
    const other = scriptedModel(["fine"]);
    let first = true;
    const host = hostWith({
      model: () => {
        const chosen = first ? model : other;
        return chosen;
      },
    });
    const turn = await host.session("s1").send("talk");
    await asked.promise;
    first = false;
    await turn.cancel();
    const next = await host.session("s1").send("and now?");
    const ended = await turn.result();
    expect(ended.status).toBe("cancelled");
    for (let i = 0; i < 5_000; i++) say("still talking ");
    expect(await next.result()).toMatchObject({ status: "completed", text: "fine" });
  }, 15_000);
});
