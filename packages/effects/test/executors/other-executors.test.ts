import { type EffectCommand, type ModelRequest, PawlError, sessionId } from "@pawl/core";
import {
  directModelExecutor,
  durableStepExecutor,
  execCodeExecutor,
  inline,
  processExecutor,
  sleepExecutor,
  unavailableExecutor,
} from "@pawl/effects";
import { manualClock, scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { envelopeOf } from "../support/effect-under-test.ts";

const live = () => ({ signal: new AbortController().signal });
const request: ModelRequest = { instructions: undefined, messages: [], tools: [], toolChoice: "none" };
const direct = envelopeOf({ kind: "direct_model_call", request, label: "title" });
const step = (stepId: string) => envelopeOf({ kind: "durable_step", stepId, input: { n: 1 } });
const code = envelopeOf({ kind: "exec_code", language: "js", code: "1 + 1" });
const list = { operation: "list", sessionId: sessionId("s1"), mode: "live" } as const;
const listing = envelopeOf({ kind: "process", command: list });

describe("a direct model call", () => {
  it("has its attachments resolved here and nowhere earlier", async () => {
    const model = scriptedModel(["A title"]);
    const resolved = { ...request, instructions: "with bytes" };
    const execute = directModelExecutor(model, { resolveAttachments: async () => resolved });
    expect(await execute(direct, live())).toMatchObject({ result: { ok: true } });
    expect(model.calls[0]?.instructions).toBe("with bytes");
    expect(direct.command.request.instructions).toBeUndefined();
  });

  it("whose attachment cannot be had is a failure with a code, and the model is not paid", async () => {
    const model = scriptedModel([]);
    const execute = directModelExecutor(model, {
      resolveAttachments: () => Promise.reject(new Error("no such bytes")),
    });
    expect(await execute(direct, live())).toMatchObject({
      kind: "direct_model_call",
      result: { ok: false, failure: { code: "attachment_resolution_failed", retryable: false } },
    });
    model.done();
  });

  it("to a model that throws is a failure", async () => {
    const execute = directModelExecutor({ id: "bad", call: () => Promise.reject(new Error("burst")) });
    expect(await execute(direct, live())).toMatchObject({
      result: { ok: false, failure: { code: "model_call_failed", message: "burst" } },
    });
  });
});

describe("a durable step", () => {
  it("is found by its id and gives a value that stores can keep", async () => {
    const execute = durableStepExecutor({ greet: async (input) => ({ input, text: "a\u0000" }) });
    expect(await execute(step("greet"), live())).toEqual({
      kind: "durable_step",
      value: { input: { n: 1 }, text: "a\ufffd" },
    });
  });

  it.each(["missing", "constructor", "__proto__"])(
    "that nobody registered (%s) is a mismatch",
    async (id) => {
      await expect(durableStepExecutor({})(step(id), live())).rejects.toMatchObject({
        code: "runtime_effect_local_executor_mismatch",
      });
    },
  );
});

describe("a program", () => {
  it("without a sandbox is an outcome that says what is missing", async () => {
    expect(await execCodeExecutor()(code, live())).toMatchObject({
      kind: "exec_code",
      result: { ok: false, error: { code: "code_sandbox_unavailable" } },
    });
  });

  it("runs in the sandbox of its language, and its failure is an outcome", async () => {
    const sandbox = { language: "js", run: async () => 2 };
    expect(await execCodeExecutor([sandbox])(code, live())).toMatchObject({ result: { ok: true, value: 2 } });
    const broken = { language: "js", run: () => Promise.reject(new SyntaxError("what?")) };
    expect(await execCodeExecutor([broken])(code, live())).toMatchObject({
      result: { ok: false, error: { code: "code_failed", message: "what?" } },
    });
  });
});

describe("a process command", () => {
  it("is carried out although its caller was stopped", async () => {
    const asked: unknown[] = [];
    const execute = processExecutor({
      run: async (command, { key }) => {
        asked.push([command, key]);
        return { operation: "list", records: [] };
      },
    });
    expect(await execute(listing, { signal: AbortSignal.abort() })).toEqual({
      kind: "process",
      result: { ok: true, value: { operation: "list", records: [] } },
    });
    expect(asked).toEqual([[list, listing.replayKey]]);
  });

  it.each([
    ["a crash", new Error("burst"), "runtime_effect_process_task_join"],
    ["a failure that has a code", new PawlError("process_unknown", "No such process."), "process_unknown"],
  ])("that ends in %s is an outcome with a code", async (_title, thrown, expected) => {
    const execute = processExecutor({
      run: () => {
        throw thrown;
      },
    });
    expect(await execute(listing, live())).toMatchObject({
      result: { ok: false, error: { code: expected } },
    });
  });
});

describe("a sleep", () => {
  it("ends at its absolute due time, also when that is past", async () => {
    const clock = manualClock();
    const execute = sleepExecutor({ clock });
    const sleeping = execute(envelopeOf({ kind: "sleep", dueAt: clock.now() + 5_000 }), live());
    await clock.advance(4_999);
    expect(clock.pending).toHaveLength(1);
    await clock.advance(1);
    expect(await sleeping).toEqual({ kind: "sleep" });
    const past = execute(envelopeOf({ kind: "sleep", dueAt: 0 }), live());
    await clock.advance(0);
    expect(await past).toEqual({ kind: "sleep" });
  });

  it.each(["before", "meanwhile"])("that is cancelled %s says so and leaves no timer", async (when) => {
    const clock = manualClock();
    const stop = new AbortController();
    if (when === "before") stop.abort();
    const sleeping = sleepExecutor({ clock })(envelopeOf({ kind: "sleep", dueAt: clock.now() + 1e9 }), {
      signal: stop.signal,
    });
    const ended = expect(sleeping).rejects.toMatchObject({ code: "runtime_effect_sleep_cancelled" });
    stop.abort();
    await ended;
    expect(clock.pending).toEqual([]);
  });
});

describe("executors by name", () => {
  it("that are missing, stand-ins or answer with another kind say so", async () => {
    const lies = inline({ executors: { exec_code: (async () => ({ kind: "sleep" })) as never } });
    await expect(lies.execute(code, live())).rejects.toMatchObject({ code: "runtime_effect_wrong_outcome" });
    await expect(lies.execute(listing, live())).rejects.toMatchObject({
      code: "runtime_effect_local_executor_unavailable",
    });
    const standIn = inline({ executors: { process: unavailableExecutor("process") } });
    await expect(standIn.execute<EffectCommand["kind"]>(listing, live())).rejects.toMatchObject({
      code: "runtime_effect_local_executor_unavailable",
    });
  });
});
