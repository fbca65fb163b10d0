import { canonicalJson, standard, tool } from "@pawl/core";
import { replayTurn } from "@pawl/effects/turn-driver";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";

function scene(answers: Parameters<typeof scriptedModel>[0]) {
  const performed: string[] = [];
  const look = tool({
    description: "Looks",
    input: z.object({ at: z.string() }),
    hints: { readOnly: true },
    execute: ({ at }) => {
      performed.push(`look ${at}`);
      return `saw ${at}`;
    },
  });
  const refund = tool({
    description: "Refunds",
    input: z.object({ cents: z.number(), apiKey: z.string().optional() }),
    execute: ({ cents }) => {
      performed.push(`refund ${cents}`);
      return { refunded: cents };
    },
  });
  const model = scriptedModel(answers);
  const host = createHost({ store: memoryStore(), model, tools: { look, refund } });
  return { host, model, performed };
}

const LOOK = { tools: [{ name: "look", input: { at: "orders" } }] };
const REFUND = { tools: [{ name: "refund", input: { cents: 4000, apiKey: "sk-very-secret-key-0001" } }] };

describe("replay (promise 5, D26)", () => {
  it("gives the same bytes and performs nothing", async () => {
    const { host, performed } = scene([LOOK, REFUND, "refunded"]);
    const turn = await host.session("s1").send("refund me");
    await turn.result();
    const before = [...performed];
    expect(await turn.replay()).toMatchObject({ identical: true, performed: 0, differences: [] });
    expect(performed).toEqual(before);
    await host.stop();
  });

  it("of an exported, redacted record is identical, and no credential is in it", async () => {
    const { host } = scene([LOOK, REFUND, "refunded"]);
    const turn = await host.session("s1").send("refund me, the key is sk-very-secret-key-0001");
    await turn.result();
    const record = await turn.record({ redact: true });
    const file = JSON.stringify(record);
    expect(file).not.toContain("sk-very-secret");
    expect(record.redacted).toBe(true);
    expect(await replayTurn(JSON.parse(file), standard())).toMatchObject({ identical: true, performed: 0 });
    await host.stop();
  });

  it("names what differs when a record was changed, and never throws for it", async () => {
    const { host } = scene([LOOK, "seen"]);
    const turn = await host.session("s1").send("look");
    await turn.result();
    const record = await turn.record();
    const tampered = JSON.parse(canonicalJson(record).replaceAll("orders", "wallets"));
    const changed = await replayTurn(tampered, standard());
    expect(changed.identical).toBe(false);
    expect(changed.differences).toEqual(["the messages"]);
    const gone = { ...record, rows: record.rows.filter((row) => row.ordinal !== 2) };
    expect((await replayTurn(gone, standard())).differences[0]).toMatch(/^store_corrupt_row/);
    await host.stop();
  });
});

describe("fork", () => {
  it("shares the prefix and, dry, performs only what says that it reads", async () => {
    const { host, performed } = scene([LOOK, REFUND, "refunded", REFUND, LOOK, "would have refunded"]);
    const turn = await host.session("s1").send("refund me");
    await turn.result();
    expect(performed).toEqual(["look orders", "refund 4000"]);
    // Ordinals: 0 begin, 1 model, 2 look, 3 checkpoint, 4 model.
    const fork = await turn.fork({ at: 3 });
    expect(await fork.result()).toMatchObject({ status: "completed", text: "would have refunded" });
    expect(performed).toEqual(["look orders", "refund 4000", "look orders"]);
    const rows = (await fork.record()).rows.filter((row) => row.ordinal !== null);
    const source = (await turn.record()).rows.filter((row) => row.ordinal !== null);
    expect(rows.slice(1, 4).map((row) => row.body)).toEqual(source.slice(1, 4).map((row) => row.body));
    expect(await fork.replay()).toMatchObject({ identical: true });
    await host.stop();
  });

  it("begins anew with another prompt, after the same transcript", async () => {
    const { host, model } = scene(["hello", "first", "second"]);
    await (await host.session("s1").send("hi")).result();
    const turn = await host.session("s1").send("one thing");
    await turn.result();
    const fork = await turn.fork({ at: 0, prompt: "another thing", live: true });
    expect(await fork.result()).toMatchObject({ text: "second" });
    const said = model.calls.at(-1)?.messages.map((message) => message.parts[0]);
    expect(said).toMatchObject([{ text: "hi" }, { text: "hello" }, { text: "another thing" }]);
    await host.stop();
  });

  it("refuses an ordinal that is not there and a prompt that comes too late", async () => {
    const { host } = scene(["hello"]);
    const turn = await host.session("s1").send("hi");
    await turn.result();
    await expect(turn.fork({ at: 99 })).rejects.toMatchObject({ code: "fork_out_of_range" });
    await expect(turn.fork({ at: 1, prompt: "x" })).rejects.toMatchObject({ code: "fork_prompt_too_late" });
    await host.stop();
  });

  it("asked for twice with the same key is one fork, and never enters a session that is there", async () => {
    const { host } = scene(["hello", "again"]);
    const turn = await host.session("s1").send("hi");
    await turn.result();
    const fork = await turn.fork({ at: 0, idempotencyKey: "k" });
    await fork.result();
    const same = await turn.fork({ at: 0, idempotencyKey: "k" });
    expect([same.id, same.sessionId]).toEqual([fork.id, fork.sessionId]);
    expect(await host.session(fork.sessionId).turns()).toHaveLength(1);
    for (const sessionId of ["s1", fork.sessionId]) {
      await expect(turn.fork({ at: 0, sessionId })).rejects.toMatchObject({ code: "fork_session_taken" });
    }
    await host.stop();
  });
});

describe("effects", () => {
  it("are told in the order in which they were settled, with attempts, outcomes and arguments", async () => {
    const { host } = scene([LOOK, REFUND, "refunded"]);
    const turn = await host.session("s1").send("refund me");
    await turn.result();
    const effects = await turn.effects();
    expect(effects.map(({ kind, tool, attempts, outcome }) => [kind, tool ?? "", attempts, outcome])).toEqual(
      [
        ["model_call", "", 1, "tool_use"],
        ["tool_call", "look", 1, "ok"],
        ["checkpoint", "", 1, "ok"],
        ["model_call", "", 1, "tool_use"],
        ["tool_call", "refund", 1, "ok"],
        ["checkpoint", "", 1, "ok"],
        ["model_call", "", 1, "stop"],
        ["checkpoint", "", 1, "ok"],
      ],
    );
    expect(effects[1]).toMatchObject({ input: { at: "orders" }, settledAt: expect.any(Number) });
    const fork = await turn.fork({ at: 4 });
    await fork.result();
    expect((await fork.effects())[4]).toMatchObject({
      tool: "refund",
      attempts: 0,
      outcome: "error",
      code: "dry_run",
    });
    await host.stop();
  });

  it("that are outstanding come last, and a turn that has not begun has none", async () => {
    const gate = Promise.withResolvers<void>();
    const { host } = scene([{ ...LOOK, after: gate.promise }, "seen", "next"]);
    const turn = await host.session("s1").send("look");
    const next = await host.session("s1").send("and then");
    await vi.waitFor(
      async () =>
        expect(await turn.effects()).toMatchObject([{ kind: "model_call", outcome: "pending", attempts: 0 }]),
      { timeout: 10_000 },
    );
    expect(await next.effects()).toEqual([]);
    expect((await host.session("s1").turns()).map(({ state, prompt }) => [state, prompt])).toEqual([
      ["running", "look"],
      ["queued", "and then"],
    ]);
    gate.resolve();
    await next.result();
    expect(await host.session("s1").turns({ limit: 1 })).toMatchObject([
      { turnId: next.id, state: "completed", usage: { modelCalls: 1 }, committedAt: expect.any(Number) },
    ]);
    await host.stop();
  });
});
