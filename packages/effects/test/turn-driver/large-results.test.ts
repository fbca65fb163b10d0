import { type EffectOutcome, type Json, standard, tool } from "@pawl/core";
import type { Attachments } from "@pawl/core/ports";
import { loadTurnRecord, replayTurn, type TruncatedResult } from "@pawl/effects/turn-driver";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { MAX_RESULT_BYTES, withoutLargeResults } from "../../src/turn-driver/large-results.ts";
import { drivenSession, SESSION, TURN } from "../support/driven-session.ts";
import { until } from "../support/effect-under-test.ts";

const MB = 1024 * 1024;
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes);
const done = (output: Json): EffectOutcome => ({
  kind: "tool_call",
  launch: { status: "done", result: { status: "ok", output } },
});
/** The result as a test reads it. */
const outputOf = (outcome: EffectOutcome) =>
  (outcome.kind === "tool_call" && outcome.launch.status === "done"
    ? outcome.launch.result
    : undefined) as unknown as { readonly message: string; readonly output: TruncatedResult };

/** Nested so deeply that no store keeps it. */
function deep(levels: number): Json {
  let value: Json = 1;
  for (let n = 0; n < levels; n++) value = [value];
  return value;
}

describe("results that are too large for the log", () => {
  const { attachments } = memoryStore();
  const bounded = (outcome: EffectOutcome, max = MAX_RESULT_BYTES, port: Attachments = attachments) =>
    withoutLargeResults(outcome, port, max);

  it.each([
    ["at the bound", "x".repeat(MAX_RESULT_BYTES)],
    ["small objects", { rows: [1, 2, 3] }],
    ["null", null],
  ])("%s stay as they are", async (_title, output) => {
    const outcome = done(output);
    expect(await bounded(outcome)).toBe(outcome);
  });

  it("are stored by reference: text as text, the rest as JSON, with a bounded preview", async () => {
    for (const [output, stored, mediaType] of [
      ["é".repeat(MAX_RESULT_BYTES / 2 + 1), (v: Json) => v, "text/plain;charset=utf-8"],
      [{ rows: "r".repeat(MAX_RESULT_BYTES) }, (v: Json) => JSON.stringify(v), "application/json"],
    ] as const) {
      const result = outputOf(await bounded(done(output)));
      const { ref, bytes, preview } = result.output;
      expect(result).toMatchObject({ status: "ok", output: { truncated: true } });
      const got = await attachments.get(ref);
      expect(text(got?.content)).toBe(stored(output));
      expect(got).toMatchObject({ bytes, mediaType });
      expect(preview.length).toBeLessThanOrEqual(2_001);
    }
  });

  it("have a preview that ends between characters", async () => {
    const result = outputOf(await bounded(done(`${"x".repeat(1_999)}${"😀".repeat(200_000)}`)));
    const { preview } = result.output;
    expect(preview.isWellFormed()).toBe(true);
    expect(preview).toHaveLength(2_000);
  });

  it("that are nested too deeply are stored by reference too, and what cannot be written at all is a failure", async () => {
    expect(outputOf(await bounded(done(deep(1_000))))).toMatchObject({ output: { truncated: true } });
    expect(outputOf(await bounded(done(deep(1_000_000))))).toMatchObject({
      status: "error",
      code: "tool_output_too_large",
    });
  });

  it("that are too large for any store are a failure that says so", async () => {
    expect(outputOf(await bounded(done("x".repeat(65 * MB))))).toMatchObject({
      status: "error",
      code: "tool_output_too_large",
      message: expect.stringContaining("Ask it for less"),
    });
  });

  it("of failures and programs are bounded too", async () => {
    const error: EffectOutcome = {
      kind: "tool_call",
      launch: {
        status: "done",
        result: { status: "error", code: "x", message: "m".repeat(MB), output: "o".repeat(MB) },
      },
    };
    const result = outputOf(await bounded(error));
    expect(result.message.length).toBeLessThan(10_000);
    expect(result).toMatchObject({ code: "x", output: { truncated: true, bytes: MB } });
    const code: EffectOutcome = { kind: "exec_code", result: { ok: true, value: "v".repeat(MB) } };
    expect(await bounded(code)).toMatchObject({ result: { ok: true, value: { truncated: true } } });
  });

  it("are not recorded when they could not be stored: the reference would dangle", async () => {
    const failing: Attachments = { put: () => Promise.reject(new Error("no disk")), get: async () => null };
    await expect(bounded(done("x".repeat(MB)), MAX_RESULT_BYTES, failing)).rejects.toThrow("no disk");
  });
});

describe("a tool that returns 10 MB", () => {
  it("costs neither its turn nor the log: the model sees a preview, and the whole is there", async () => {
    const whole = "0123456789".repeat(MB);
    const model = scriptedModel([{ tools: [{ name: "dump" }] }, "seen"]);
    const dump = tool({ description: "Dumps", input: z.object({}), execute: () => whole });
    const session = drivenSession({ model, tools: { dump } });
    await session.send("go");
    expect(await until(session.clock, session.drive())).toEqual({ type: "idle" });
    expect(await session.outcome()).toMatchObject({ status: "completed", text: "seen" });

    const [, answer] = model.calls;
    expect(JSON.stringify(answer).length).toBeLessThan(10_000);
    expect(JSON.stringify(await session.rows()).length).toBeLessThan(20_000);
    const [part] = answer?.messages.at(-1)?.parts ?? [];
    const output = part?.type === "tool_result" ? part.output : null;
    expect(output).toMatchObject({ truncated: true, bytes: 10 * MB });
    const got = await session.store.attachments.get((output as { ref: string }).ref);
    expect(text(got?.content)).toBe(whole);
    const record = await loadTurnRecord(session.store as never, SESSION, TURN);
    expect(await replayTurn(record, standard())).toMatchObject({ identical: true });
  });

  it("in a step is told that a step must return less", async () => {
    const model = scriptedModel([{ tools: [{ name: "dump" }] }, "seen"]);
    const dump = tool({
      description: "Dumps",
      input: z.object({}),
      composite: true,
      execute: (_input, { step }) => step("all", async () => "x".repeat(10 * MB)),
    });
    const session = drivenSession({ model, tools: { dump } });
    await session.send("go");
    await until(session.clock, session.drive());
    expect(model.calls[1]?.messages.at(-1)).toMatchObject({
      parts: [{ status: "error", output: { code: "step_value_too_large" } }],
    });
  });
});
