// Structured answers: what is asked for by a schema is checked before it is recorded, and mended once.
import { agent, type InferSchema, tool } from "@pawl/core";
import { createHost, jsonSchema } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { testHost } from "./test-host.ts";

const weather = z.object({ city: z.string(), celsius: z.number() });

describe("a structured answer", () => {
  it("is asked for with its JSON Schema, and parsed and typed in the result", async () => {
    const model = scriptedModel(['{"city":"Oslo","celsius":-3}']);
    const host = testHost({ store: memoryStore(), model });
    const turn = await host.session("s1").send("Weather?", { output: weather });
    const result = await turn.result();
    if (result.status !== "completed") throw new Error(result.status);
    expectTypeOf(result.output).toEqualTypeOf<{ city: string; celsius: number }>();
    expect(result.output).toEqual({ city: "Oslo", celsius: -3 });
    expect(JSON.parse(result.text)).toEqual(result.output);
    expect(model.calls[0]?.output?.schema).toMatchObject({ type: "object", required: ["city", "celsius"] });
    expect(model.calls[0]?.instructions).toContain('"celsius"');
    expect((await host.session("s1").transcript()).at(-1)?.parts).toEqual([
      { type: "structured", value: { city: "Oslo", celsius: -3 } },
    ]);
    expect(await turn.replay()).toMatchObject({ identical: true });
  });

  it("has what the schema adds, which the log does not have", async () => {
    const output = z.object({
      at: z.iso.date().transform((text) => new Date(text)),
      tags: z.array(z.string()).default([]),
    });
    const host = testHost({ store: memoryStore(), model: scriptedModel(['{"at":"2026-01-02"}']) });
    const turn = await host.session("s1").send("When?", { output });
    const result = await turn.result();
    if (result.status !== "completed") throw new Error(result.status);
    expectTypeOf(result.output.at).toEqualTypeOf<Date>();
    expect(result.output).toEqual({ at: new Date("2026-01-02"), tags: [] });
    expect(await host.turn(turn.id).result()).toMatchObject({ output: { at: "2026-01-02" } });
  });

  it("comes after tools, and from a fenced block", async () => {
    const look = tool({ description: "Looks", input: z.object({}), onCrash: "retry", execute: () => 7 });
    const model = scriptedModel([
      { text: "Let me look.", tools: [{ name: "look" }] },
      '```json\n{"city":"Oslo","celsius":7}\n```',
    ]);
    const host = testHost({ store: memoryStore(), model, tools: { look } });
    const result = await (await host.session("s1").send("go", { output: weather })).result();
    expect(result).toMatchObject({ status: "completed", output: { city: "Oslo", celsius: 7 } });
  });

  it("that does not fit is mended in one round, which says what was wrong", async () => {
    const model = scriptedModel(['{"city":"Oslo"}', '{"city":"Oslo","celsius":1}']);
    const host = testHost({ store: memoryStore(), model });
    const turn = await host.session("s1").send("go", { output: weather });
    expect(await turn.result()).toMatchObject({
      status: "completed",
      output: { celsius: 1 },
      usage: { modelCalls: 2 },
    });
    expect(model.calls[1]?.instructions).toContain("celsius");
    expect(model.calls[1]?.instructions).toContain('{"city":"Oslo"}');
    // The wrong answer is not part of the conversation.
    expect(model.calls[1]?.messages).toHaveLength(1);
    expect((await host.session("s1").transcript()).map(({ role }) => role)).toEqual(["user", "assistant"]);
    expect(await turn.replay()).toMatchObject({ identical: true });
  });

  it("that fits at no time fails the turn, with a code", async () => {
    const model = scriptedModel(["It is cold.", "Really cold."]);
    const host = testHost({ store: memoryStore(), model });
    const result = await (await host.session("s1").send("go", { output: weather })).result();
    expect(result).toMatchObject({
      status: "failed",
      code: "output_invalid",
      message: expect.stringContaining("JSON"),
    });
    model.done();
  });

  it("is checked by the schema itself where it is known, also for what JSON Schema cannot say", async () => {
    const even = z.object({ n: z.number().refine((n) => n % 2 === 0, "must be even") });
    const host = testHost({ store: memoryStore(), model: scriptedModel(['{"n":1}', '{"n":2}']) });
    const result = await (await host.session("s1").send("go", { output: even })).result();
    expect(result).toMatchObject({ output: { n: 2 }, usage: { modelCalls: 2 } });
  });

  it("is checked in a process that never saw the schema", async () => {
    const store = memoryStore();
    const model = scriptedModel(['{"city":1}', '{"city":"Oslo","celsius":1}']);
    const sender = createHost({ store, model });
    sender.pause();
    const turn = await sender.session("s1").send("go", { output: weather });
    const driver = testHost({ store, model });
    await driver.start();
    expect(await driver.turn(turn.id).result()).toMatchObject({
      output: { celsius: 1 },
      usage: { modelCalls: 2 },
    });
    expect(await turn.result()).toMatchObject({ output: { city: "Oslo", celsius: 1 } });
    await sender.stop();
  });

  it("belongs to an agent, by name or as an object, and is what another agent gets of it", async () => {
    const scout = agent({ name: "scout", output: weather });
    expectTypeOf<InferSchema<typeof scout.output>>().toEqualTypeOf<{ city: string; celsius: number }>();
    const boss = agent({ name: "boss", delegates: [scout] });
    const answer = '{"city":"Oslo","celsius":1}';
    const model = scriptedModel([
      answer,
      { tools: [{ name: "ask_scout", input: { task: "x" } }] },
      answer,
      "ok",
    ]);
    const host = testHost({ store: memoryStore(), model, agents: [boss] });
    const result = await (await host.session("s1").send("go", { agent: scout })).result();
    if (result.status === "completed") expectTypeOf(result.output.celsius).toEqualTypeOf<number>();
    expect(result).toMatchObject({ output: { celsius: 1 } });
    await (await host.session("s2").send("go")).result();
    const parts = (await host.session("s2").transcript()).flatMap((m) => (m.role === "tool" ? m.parts : []));
    expect(parts).toMatchObject([{ output: { city: "Oslo", celsius: 1 } }]);
  });

  it("is refused before anything is stored when its schema cannot be written or checked", async () => {
    const host = testHost({ store: memoryStore(), model: scriptedModel([]) });
    const send = host.session("s1").send("go", { output: z.object({ at: z.date() }) });
    await expect(send).rejects.toMatchObject({ code: "schema_unsupported" });
    expect(await host.session("s1").record()).toBeNull();
    expect(() => agent({ name: "a", output: z.bigint() })).toThrow(
      expect.objectContaining({ code: "schema_unsupported" }),
    );
  });

  it("may be asked for with a JSON Schema from elsewhere", async () => {
    const output = jsonSchema({ type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] });
    const host = testHost({ store: memoryStore(), model: scriptedModel(['{"ok":true}']) });
    const result = await (await host.session("s1").send("go", { output })).result();
    expect(result).toMatchObject({ output: { ok: true } });
  });

  it("is there also in the last answer that a limit forces", async () => {
    const look = tool({ description: "Looks", input: z.object({}), onCrash: "retry", execute: () => 7 });
    const model = scriptedModel([{ tools: [{ name: "look" }] }, { text: "no", tools: [{ name: "look" }] }]);
    const host = testHost({ store: memoryStore(), model, tools: { look } });
    const limits = { maxIterations: 1 };
    const result = await (await host.session("s1").send("go", { output: weather, limits })).result();
    // Text beside calls is not what was asked for: without a structured answer the turn does not complete.
    expect(result).toMatchObject({ status: "failed", code: "limit_iterations" });
  });
});
