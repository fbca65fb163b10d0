import type { ModelRequest } from "@pawl/core";
import { expect, test } from "vitest";
import { scriptedModel } from "../src/index.ts";

const request: ModelRequest = {
  instructions: undefined,
  messages: [{ id: "m1", role: "user", parts: [{ type: "text", text: "hello" }] }],
  tools: [],
  toolChoice: "auto",
};

function context(signal = new AbortController().signal) {
  const streamed: string[] = [];
  return { streamed, signal, onText: (text: string) => void streamed.push(text) };
}

test("answers turn by turn: text, then tool calls with stable ids, then what is worked out from the request", async () => {
  const model = scriptedModel([
    "Hi.",
    { text: "Looking", tools: [{ name: "a", input: { x: 1 } }, { name: "b" }] },
    ({ messages }) => `I saw ${messages.length}`,
  ]);
  const first = await model.call(request, context());
  expect(first).toEqual({
    ok: true,
    answer: {
      parts: [{ type: "text", text: "Hi." }],
      terminalReason: "stop",
      model: "scripted/model",
      usage: {
        modelCalls: 1,
        inputTokens: 5,
        outputTokens: 3,
        reasoningTokens: 0,
        cachedInputTokens: 0,
      },
    },
  });
  const second = await model.call(request, context());
  expect(second.ok && second.answer.parts).toEqual([
    { type: "text", text: "Looking" },
    { type: "tool_call", callId: "call_1", name: "a", input: { x: 1 } },
    { type: "tool_call", callId: "call_2", name: "b", input: {} },
  ]);
  expect(second.ok && second.answer.terminalReason).toBe("tool_use");
  const third = await model.call(request, context());
  expect(third.ok && third.answer.parts).toEqual([{ type: "text", text: "I saw 1" }]);
  expect(model.left).toBe(0);
  model.done();
});

test("streams its deltas in order before it answers, or the whole text, or nothing", async () => {
  const model = scriptedModel([{ text: "ab", deltas: ["a", "b"] }, "whole", { text: "silent", deltas: [] }]);
  const seen = [];
  for (let i = 0; i < 3; i++) {
    const ctx = context();
    await model.call(request, ctx);
    seen.push(ctx.streamed);
  }
  expect(seen).toEqual([["a", "b"], ["whole"], []]);
});

test("a failure is a result and not an exception", async () => {
  const model = scriptedModel([
    { failure: { message: "busy", retryable: true, retryAfterMs: 20 }, deltas: ["half"] },
  ]);
  const ctx = context();
  expect(await model.call(request, ctx)).toEqual({
    ok: false,
    failure: { message: "busy", retryable: true, retryAfterMs: 20, terminalReason: "provider_error" },
  });
  expect(ctx.streamed).toEqual(["half"]);
});

test("an unexpected call and a leftover script are told apart", async () => {
  const model = scriptedModel(["one"]);
  expect(() => model.done()).toThrow(expect.objectContaining({ code: "script_left_over" }));
  await model.call(request, context());
  model.done();
  await expect(model.call(request, context())).rejects.toMatchObject({ code: "script_exhausted" });
  expect(() => model.done()).toThrow(expect.objectContaining({ code: "script_exhausted" }));
});

test("records requests as they were, whatever becomes of them later", async () => {
  const model = scriptedModel(["one"]);
  const messages = [...request.messages];
  await model.call({ ...request, messages }, context());
  messages.pop();
  expect(model.calls).toEqual([request]);
});

test("an abort, before or while it waits, is the failure `cancelled`", async () => {
  const model = scriptedModel([{ text: "never", after: new Promise(() => {}) }, "late"]);
  const abort = new AbortController();
  const waiting = model.call(request, context(abort.signal));
  abort.abort();
  const failure = { ok: false, failure: { terminalReason: "cancelled", retryable: false } };
  expect(await waiting).toMatchObject(failure);
  const ctx = context(abort.signal);
  expect(await model.call(request, ctx)).toMatchObject(failure);
  expect(ctx.streamed).toEqual([]);
});

test("waits for what the test holds back", async () => {
  const gate = Promise.withResolvers<void>();
  const model = scriptedModel([{ text: "now", after: gate.promise }]);
  let answered = false;
  const call = model.call(request, context()).then((result) => {
    answered = true;
    return result;
  });
  await Promise.resolve();
  expect(answered).toBe(false);
  gate.resolve();
  expect(await call).toMatchObject({ ok: true });
});
