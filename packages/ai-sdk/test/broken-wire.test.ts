import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { aiModel } from "../src/index.ts";
import { ask, fail, request, user, WEATHER } from "./asked.ts";
import { WIRES } from "./providers.ts";
import { rawServer, sendEvents } from "./raw-server.ts";

const chunk = (delta: object, rest: object = {}) => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "tiny-llama",
  choices: [{ index: 0, delta, finish_reason: null, ...rest }],
});
const DONE = "data: [DONE]\n\n";

const messageStart = {
  type: "message_start",
  message: {
    id: "m1",
    type: "message",
    role: "assistant",
    model: "claude",
    content: [],
    usage: { input_tokens: 3, output_tokens: 1 },
  },
};
const textStart = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } };
const textDelta = {
  type: "content_block_delta",
  index: 0,
  delta: { type: "text_delta", text: "Half of it" },
};

const HALF_AN_ANSWER: Readonly<Record<string, readonly object[]>> = {
  "Anthropic messages": [messageStart, textStart, textDelta],
  "OpenAI responses": [
    {
      type: "response.output_text.delta",
      item_id: "msg_1",
      delta: "Half",
      output_index: 0,
      content_index: 0,
      sequence_number: 1,
    },
  ],
};

const compatible = (url: string) => aiModel(WIRES["OpenAI-compatible chat"](url));
const anthropic = (url: string) => aiModel(WIRES["Anthropic messages"](url));
const responses = (url: string) => aiModel(WIRES["OpenAI responses"](url));

describe("what a provider's connection can do", () => {
  it.each(Object.entries(WIRES))("%s: the socket dies in mid-stream", async (wire, provider) => {
    let die = () => {};
    await using server = await rawServer((response) => {
      die = () => response.destroy();
      sendEvents(response, HALF_AN_ANSWER[wire] ?? [chunk({ content: "Half" })]);
    });
    const failure = await fail(aiModel(provider(server.url)), undefined, undefined, () => die());
    expect(failure).toMatchObject({
      code: "model_stream_broken",
      retryable: true,
      terminalReason: "provider_error",
    });
  });

  it("nobody listens", async () => {
    const server = await rawServer(() => {});
    await server[Symbol.asyncDispose]();
    const failure = await fail(compatible(server.url));
    expect(failure).toMatchObject({ code: "model_unavailable", retryable: true });
    expect(failure.message).toMatch(/cannot be reached.*check the network/);
  });

  it("the server never answers: an abort ends the call", async () => {
    const abort = new AbortController();
    await using server = await rawServer(() => abort.abort());
    expect(await fail(compatible(server.url), undefined, abort.signal)).toMatchObject({
      code: "model_cancelled",
      terminalReason: "cancelled",
      retryable: false,
    });
  });

  it("the stream goes silent: an abort ends the call and closes the connection", async () => {
    let closed: Promise<void> | undefined;
    await using server = await rawServer((response) => {
      closed = new Promise((resolve) => response.once("close", () => resolve()));
      sendEvents(response, [chunk({ content: "first " })]);
    });
    const abort = new AbortController();
    const failure = await fail(compatible(server.url), undefined, abort.signal, () => abort.abort());
    expect(failure.terminalReason).toBe("cancelled");
    await closed;
  });

  it("was aborted before it began: nothing is asked", async () => {
    await using server = await rawServer((response) => response.end());
    expect(await fail(compatible(server.url), undefined, AbortSignal.abort())).toMatchObject({
      code: "model_cancelled",
    });
    expect(server.asked()).toBe(0);
  });
});

describe("what a provider can send", () => {
  const status =
    (code: number, headers: Record<string, string>, body = "") =>
    (response: ServerResponse) =>
      void response.writeHead(code, headers).end(body);

  it.each([
    [{ "retry-after-ms": "250", "retry-after": "9" }, 250],
    [{ "retry-after": "1.5" }, 1500],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", date: "Wed, 21 Oct 2026 07:28:00 GMT" }, 30_000],
    [{ "retry-after": "soon" }, undefined],
  ])("a rate limit with %j", async (headers, wait) => {
    await using server = await rawServer(status(429, headers, '{"error":{"message":"slow down"}}'));
    const failure = await fail(compatible(server.url));
    expect(failure.code).toBe("model_rate_limited");
    expect(failure.retryAfterMs).toBe(wait);
    expect(server.asked()).toBe(1);
  });

  it.each([
    [400, "model_request_invalid", false],
    [402, "model_request_invalid", false],
    [403, "model_auth_failed", false],
    [404, "model_not_found", false],
    [408, "model_unavailable", true],
    [422, "model_request_invalid", false],
    [502, "model_unavailable", true],
    [529, "model_unavailable", true],
  ])("status %i with a page instead of JSON", async (code, expected, retryable) => {
    await using server = await rawServer(status(code, { "content-type": "text/html" }, "<h1>Oops</h1>"));
    expect(await fail(compatible(server.url))).toMatchObject({
      code: expected,
      retryable,
      raw: "<h1>Oops</h1>",
    });
  });

  it.each([
    ["insufficient_quota", 429, "model_quota_exhausted"],
    ["content_filter", 400, "model_content_filtered"],
    ["context_length_exceeded", 400, "model_context_overflow"],
    ["model_not_found", 400, "model_not_found"],
  ])("the error code %s", async (code, statusCode, expected) => {
    const body = JSON.stringify({ error: { message: "No.", type: "invalid_request_error", code } });
    await using server = await rawServer(status(statusCode, { "content-type": "application/json" }, body));
    expect(await fail(compatible(server.url))).toMatchObject({ code: expected, retryable: false });
  });

  it("a success without a body, and one that is no stream of events", async () => {
    await using empty = await rawServer(status(200, { "content-type": "text/event-stream" }));
    expect(await fail(compatible(empty.url))).toMatchObject({ retryable: true });
    await using page = await rawServer(status(200, { "content-type": "text/html" }, "<h1>Sign in</h1>"));
    expect(await fail(compatible(page.url))).toMatchObject({ retryable: true });
  });

  it("an event that is not JSON", async () => {
    await using server = await rawServer((response) => {
      sendEvents(response, [chunk({ content: "ok " }), "data: {not json\n\n", DONE]);
      response.end();
    });
    expect(await fail(compatible(server.url))).toMatchObject({
      code: "model_response_invalid",
      retryable: true,
    });
  });

  it("Anthropic: an overload in mid-stream", async () => {
    await using server = await rawServer((response) => {
      const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
      sendEvents(response, [messageStart, textStart, textDelta, error]);
      response.end();
    });
    const failure = await fail(anthropic(server.url));
    expect(failure).toMatchObject({ code: "model_unavailable", retryable: true });
    expect(failure.message).toContain("Overloaded");
  });

  it("Anthropic: an answer that ends without its end", async () => {
    await using server = await rawServer((response) => {
      sendEvents(response, [messageStart, textStart, textDelta]);
      response.end();
    });
    expect(await fail(anthropic(server.url))).toMatchObject({ code: "model_stream_broken", retryable: true });
  });

  it("Anthropic: a full context", async () => {
    await using server = await rawServer((response) => {
      const delta = { stop_reason: "model_context_window_exceeded", stop_sequence: null };
      const end = [
        { type: "content_block_stop", index: 0 },
        { type: "message_delta", delta, usage: { output_tokens: 5 } },
        { type: "message_stop" },
      ];
      sendEvents(response, [messageStart, textStart, textDelta, ...end]);
      response.end();
    });
    const { answer } = await ask(anthropic(server.url), request([user("hi")]));
    expect(answer.terminalReason).toBe("context_overflow");
  });

  it("Anthropic: arguments that are not JSON", async () => {
    await using server = await rawServer((response) => {
      const tool = { type: "tool_use", id: "toolu_1", name: "get_weather", input: {} };
      sendEvents(response, [
        messageStart,
        { type: "content_block_start", index: 0, content_block: tool },
        {
          type: "content_block_delta",
          index: 0,
          delta: { type: "input_json_delta", partial_json: '{"city": "Os' },
        },
        { type: "content_block_stop", index: 0 },
        {
          type: "message_delta",
          delta: { stop_reason: "tool_use", stop_sequence: null },
          usage: { output_tokens: 5 },
        },
        { type: "message_stop" },
      ]);
      response.end();
    });
    const { answer } = await ask(anthropic(server.url), request([user("hi")], { tools: [WEATHER] }));
    expect(answer.parts).toMatchObject([
      { type: "tool_call", callId: "toolu_1", name: "get_weather", input: '{"city": "Os', malformed: true },
    ]);
  });

  it("OpenAI responses: a failed response in mid-stream", async () => {
    await using server = await rawServer((response) => {
      const error = { code: "server_error", message: "The model had a hiccup" };
      sendEvents(response, [
        {
          type: "response.created",
          sequence_number: 0,
          response: { id: "r1", created_at: 1, model: "gpt", service_tier: null },
        },
        {
          type: "response.failed",
          sequence_number: 1,
          response: { id: "r1", status: "failed", error, incomplete_details: null, usage: null },
        },
      ]);
      response.end();
    });
    const failure = await fail(responses(server.url));
    expect(failure).toMatchObject({ code: "model_unavailable", retryable: true });
    expect(failure.message).toContain("hiccup");
  });

  it("a server that counts nothing, names no call and says stop although it asks for tools", async () => {
    await using server = await rawServer((response) => {
      const call = (index: number) => ({
        index,
        id: "",
        type: "function",
        function: { name: "get_weather", arguments: "" },
      });
      sendEvents(response, [
        chunk({ tool_calls: [call(0), call(1)] }),
        chunk({}, { finish_reason: "stop" }),
        DONE,
      ]);
      response.end();
    });
    const { answer } = await ask(compatible(server.url), request([user("hi")], { tools: [WEATHER] }));
    expect(answer.terminalReason).toBe("tool_use");
    expect(answer.usage).toMatchObject({
      modelCalls: 1,
      inputTokens: 0,
      outputTokens: 0,
      cachedInputTokens: 0,
    });
    const calls = answer.parts.filter((part) => part.type === "tool_call");
    expect(calls.map((call) => call.input)).toEqual([{}, {}]);
    expect(calls.every((call) => call.callId.length > 0)).toBe(true);
  });
});
