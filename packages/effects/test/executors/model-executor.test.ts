import { type Message, type ModelRequest, type ModelResult, NO_USAGE } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import {
  type EffectContext,
  MODEL_RETRY,
  type ModelExecutorOptions,
  modelExecutor,
  modelRequest,
} from "@pawl/effects";
import { manualClock, type ScriptedTurn, scriptedModel } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";
import {
  answer,
  configOf,
  contextOf,
  definition,
  envelopeOf,
  MODEL_CALL,
  OK,
  toolboxOf,
  turnOf,
  until,
} from "../support/effect-under-test.ts";

const TOOLBOX = toolboxOf(async () => OK);

function under(
  model: Model | ((name: string | undefined) => Model),
  given: Partial<EffectContext> = {},
  options: Partial<ModelExecutorOptions> = {},
) {
  const clock = manualClock();
  const shown: string[] = [];
  const context = contextOf(TOOLBOX, {
    onText: (text) => shown.push(text),
    onReset: () => shown.push("<reset>"),
    ...given,
  });
  const begun = clock.now();
  const execute = modelExecutor(model, { clock, random: () => 0.5, ...options });
  return {
    clock,
    shown,
    elapsed: () => clock.now() - begun,
    run: () => until(clock, execute(envelopeOf(MODEL_CALL), context)),
  };
}

const overloaded = (more: object = {}): ScriptedTurn => ({
  failure: { message: "overloaded", retryable: true, ...more },
});

const OK_ANSWER = {
  parts: [{ type: "text", text: "there" }],
  terminalReason: "stop",
  usage: NO_USAGE,
  model: "own",
};
const toolCall = (input: unknown) => ({ type: "tool_call", callId: "c1", name: "pay", input });
function cyclic(): object {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}

describe("model calls", () => {
  it("that fail for a while are tried again with backoff and jitter", async () => {
    const model = scriptedModel([overloaded(), overloaded(), "there"]);
    const it = under(model);
    expect(await it.run()).toMatchObject({ kind: "model_call", result: { ok: true }, textStreamed: true });
    expect(it.elapsed()).toBe(250 + 500);
    model.done();
  });

  it("are given up after the attempts of the policy, with the last failure as the outcome", async () => {
    const model = scriptedModel(Array.from({ length: MODEL_RETRY.maxAttempts }, () => overloaded()));
    expect(await under(model).run()).toMatchObject({
      result: { ok: false, failure: { message: "overloaded" } },
    });
    model.done();
  });

  it("wait at least as long as the provider asks", async () => {
    const it = under(scriptedModel([overloaded({ retryAfterMs: 9_000 }), "there"]));
    await it.run();
    expect(it.elapsed()).toBe(9_000);
    const other = under(scriptedModel([overloaded({ retryAfterMs: 10 }), "there"]));
    await other.run();
    expect(other.elapsed()).toBe(250);
  });

  it.each<readonly [string, object, string]>([
    ["a usage without a count", { usage: { inputTokens: 1 } }, "usage.modelCalls"],
    ["a count that is no number", { usage: { ...NO_USAGE, outputTokens: Number.NaN } }, "usage.outputTokens"],
    ["a cost that is no whole number", { usage: { ...NO_USAGE, costNanoUsd: 0.5 } }, "usage.costNanoUsd"],
    ["no usage", { usage: undefined }, "no `usage`"],
    ["no parts", { parts: undefined }, "`parts`"],
    ["an unknown part", { parts: [{ type: "text", text: "a" }, { type: "song" }] }, "part 1 is none of"],
    ["a part without its text", { parts: [{ type: "text" }] }, "part 0 has no `text`"],
    ["a call without an id", { parts: [{ type: "tool_call", name: "pay", input: {} }] }, "`callId`"],
    ["arguments that JSON cannot carry", { parts: [toolCall({ cents: 1n })] }, "not JSON"],
    ["a number that JSON does not know", { parts: [toolCall({ cents: Number.NaN })] }, "not JSON"],
    ["arguments that hold themselves", { parts: [toolCall(cyclic())] }, "not JSON"],
    ["an unknown reason", { terminalReason: "bored" }, '"bored"'],
    ["no model", { model: undefined }, "`model`"],
  ])("that answer with %s are an outcome that says so, and are not repeated", async (_, broken, says) => {
    const call = vi.fn(
      async () => ({ ok: true, answer: { ...OK_ANSWER, ...broken } }) as unknown as ModelResult,
    );
    const outcome = await under({ id: "own", call }).run();
    expect(outcome).toMatchObject({
      result: {
        ok: false,
        failure: { code: "model_answer_invalid", message: expect.stringContaining(says) },
      },
    });
    expect(call).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["nothing", undefined],
    ["neither an answer nor a failure", {}],
    ["no answer", { ok: true }],
    ["a failure that says nothing", { ok: false, failure: {} }],
  ])("that resolve to %s are an outcome that says so", async (_, broken) => {
    const model = { id: "own", call: async () => broken as ModelResult };
    expect(await under(model).run()).toMatchObject({ result: { failure: { code: "model_answer_invalid" } } });
  });

  it("may leave members of arguments undefined", async () => {
    const parts = [toolCall({ note: undefined, deep: [{ cents: 1 }] })];
    const call = async () => ({ ok: true, answer: { ...OK_ANSWER, parts } }) as unknown as ModelResult;
    expect(await under({ id: "own", call }).run()).toMatchObject({ result: { ok: true } });
  });

  it("that fail for good are not repeated", async () => {
    const model = scriptedModel([{ failure: { message: "no such model" } }]);
    const it = under(model);
    expect(await it.run()).toMatchObject({ result: { ok: false } });
    expect(it.elapsed()).toBe(0);
    model.done();
  });

  it("void the text of a failed attempt before the next one shows its own (D24)", async () => {
    const half: ScriptedTurn = { failure: { message: "broken off", retryable: true }, deltas: ["ha"] };
    const it = under(scriptedModel([half, "all"]));
    await it.run();
    expect(it.shown).toEqual(["ha", "<reset>", "all"]);
  });

  it("that are stopped while they wait for the next attempt end at once", async () => {
    const stop = new AbortController();
    const model = scriptedModel([
      () => {
        setTimeout(() => stop.abort(), 0);
        return { failure: { message: "overloaded", retryable: true, retryAfterMs: 60_000 } };
      },
    ]);
    const it = under(model, { signal: stop.signal });
    expect(await it.run()).toMatchObject({ result: { ok: false } });
    expect(it.elapsed()).toBeLessThan(60_000);
    expect(it.clock.pending).toEqual([]);
  });

  it.each([
    [
      "throws",
      {
        id: "bad",
        call: () => {
          throw new Error("burst");
        },
      },
    ],
    ["rejects", { id: "bad", call: () => Promise.reject(new Error("burst")) }],
  ] as const)("to a model that %s are a failure and not an exception", async (_title, model) => {
    const failure = { code: "model_call_failed", message: "burst", retryable: false };
    expect(await under(model).run()).toMatchObject({ result: { ok: false, failure } });
  });

  it("to a model that cannot be found say which code it gave", async () => {
    const it = under(() => {
      throw Object.assign(new Error("no key"), { name: "PawlError", code: "model_key_missing" });
    });
    expect(await it.run()).toMatchObject({ result: { failure: { code: "model_key_missing" } } });
  });

  it("let nobody talk after the answer", async () => {
    let late: (text: string) => void = () => {};
    const chatty: Model = {
      id: "chatty",
      call: async (_request, { onText }) => {
        late = onText;
        return answer("done");
      },
    };
    const it = under(chatty);
    expect(await it.run()).toMatchObject({ textStreamed: false });
    late("and another thing");
    expect(it.shown).toEqual([]);
  });

  it("happen within a turn only", async () => {
    const execute = modelExecutor(scriptedModel([]), { clock: manualClock(), random: () => 0 });
    await expect(
      execute(envelopeOf(MODEL_CALL), { signal: new AbortController().signal }),
    ).rejects.toMatchObject({ code: "turn_missing" });
  });
});

describe("the request of a model call", () => {
  const transcript: Message[] = [1, 2, 3].map((n) => ({
    id: `m${n}`,
    role: "user",
    parts: [{ type: "text", text: `${n}` }],
  }));
  const turn = (given = {}) => turnOf(TOOLBOX, { transcript, ...given });

  it("has the messages up to the command's count, and the turn's own instructions and tools", () => {
    const config = configOf({ agent: { name: "a", instructions: "Be kind." }, tools: [definition()] });
    const command = { ...MODEL_CALL, upTo: 2 };
    expect(modelRequest(turn({ config }), command)).toEqual({
      instructions: "Be kind.",
      messages: transcript.slice(0, 2),
      tools: [definition()],
      toolChoice: "auto",
    } satisfies ModelRequest);
  });

  it("has what a refresh found in their place, and the note about a last answer", () => {
    const environment = { instructions: "New.", tools: [] };
    const command = { ...MODEL_CALL, toolChoice: "none", note: "This is the last." } as const;
    expect(modelRequest(turn({ environment, config: configOf({ tools: [definition()] }) }), command)).toEqual(
      { instructions: "New.\n\nThis is the last.", messages: [], tools: [], toolChoice: "none" },
    );
    expect(modelRequest(turn(), MODEL_CALL).instructions).toBeUndefined();
  });
});
