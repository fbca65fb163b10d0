import { LLMock } from "@copilotkit/aimock";
import { type AssistantMessage, type Message, type ToolCallPart, textOf } from "@pawl/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { aiModel } from "../src/index.ts";
import { ask, fail, request, user, WEATHER } from "./asked.ts";
import { KEY, recordingFetch, WIRES } from "./providers.ts";

const mock = new LLMock({ port: 0, host: "127.0.0.1", logLevel: "silent", strict: true, chunkSize: 7 });
beforeAll(async () => {
  await mock.start();
});
afterAll(() => mock.stop());
beforeEach(() => {
  mock.reset();
});

const call = (city: string, id: string) => ({ name: "get_weather", arguments: JSON.stringify({ city }), id });
const inputOf = (part: ToolCallPart) => [part.name, part.callId, part.input];

describe.each(Object.entries(WIRES))("%s, over HTTP", (wire, provider) => {
  const sent = recordingFetch();
  const model = () => aiModel(provider(mock.url, sent.fetch));
  const isAnthropic = wire.startsWith("Anthropic");

  it("streams text in deltas that add up to the answer", async () => {
    mock.onMessage("hello", { content: "Hello there, how are you today?", model: "served-model" });
    const { answer, streamed } = await ask(model(), request([user("hello")]));
    expect(streamed.length).toBeGreaterThan(1);
    expect(streamed.join("")).toBe("Hello there, how are you today?");
    expect(answer.parts).toMatchObject([{ type: "text", text: "Hello there, how are you today?" }]);
    expect(answer).toMatchObject({ terminalReason: "stop", model: "served-model" });
  });

  it("counts tokens as the provider does, and money only with a price", async () => {
    const usage = {
      prompt_tokens: 120,
      completion_tokens: 30,
      input_tokens: 120,
      output_tokens: 30,
      total_tokens: 150,
    };
    mock.onMessage("hello", { content: "Hi", usage });
    const counted = {
      modelCalls: 1,
      inputTokens: 120,
      outputTokens: 30,
      reasoningTokens: 0,
      cachedInputTokens: 0,
    };
    expect((await ask(model(), request([user("hello")]))).answer.usage).toEqual(counted);
    const priced = aiModel(provider(mock.url), { price: { inputNanoUsd: 250, outputNanoUsd: 2000 } });
    expect((await ask(priced, request([user("hello")]))).answer.usage).toEqual({
      ...counted,
      costNanoUsd: 90_000,
    });
  });

  it("sends instructions first and tools as JSON schemas", async () => {
    mock.onMessage("hello", { content: "Hi" });
    await ask(model(), request([user("hello")], { instructions: "Be brief.", tools: [WEATHER] }));
    const body = mock.getLastRequest()?.body as {
      messages: { role: string; content: unknown }[];
      tools: unknown[];
    };
    expect(body.messages[0]?.role).toMatch(/system|developer/);
    expect(JSON.stringify(body.messages[0]?.content)).toContain("Be brief.");
    expect(JSON.stringify(body.tools)).toContain(JSON.stringify(WEATHER.inputSchema.properties));
  });

  it("forbids tools with toolChoice none and still shows those that exist", async () => {
    mock.onMessage("hello", { content: "Hi" });
    await ask(model(), request([user("hello")], { tools: [WEATHER], toolChoice: "none" }));
    const body = JSON.parse(sent.last()) as { tool_choice?: unknown; tools?: unknown[] };
    expect(JSON.stringify(body.tool_choice)).toContain("none");
    expect(body.tools).toHaveLength(1);
  });

  it("takes parallel calls of one answer, and sends their results back by id", async () => {
    mock.on(
      { userMessage: "weather", hasToolResult: false },
      { toolCalls: [call("Oslo", "call_a"), call("Rome", "call_b")] },
    );
    mock.on({ userMessage: "weather", hasToolResult: true }, { content: "Cold and warm." });
    const first = await ask(model(), request([user("weather")], { tools: [WEATHER] }));
    expect(first.answer.terminalReason).toBe("tool_use");
    const calls = first.answer.parts.filter((part) => part.type === "tool_call");
    expect(calls.map(inputOf)).toEqual([
      ["get_weather", "call_a", { city: "Oslo" }],
      ["get_weather", "call_b", { city: "Rome" }],
    ]);
    const assistant: AssistantMessage = { id: "a", role: "assistant", parts: first.answer.parts };
    const results: Message = {
      id: "t",
      role: "tool",
      parts: [
        { type: "tool_result", callId: calls[0]!.callId, name: "get_weather", status: "ok", output: "-3 °C" },
        {
          type: "tool_result",
          callId: calls[1]!.callId,
          name: "get_weather",
          status: "unknown",
          output: { code: "tool_outcome_unknown", message: "Nobody can say whether this call happened." },
        },
      ],
    };
    const second = await ask(model(), request([user("weather"), assistant, results], { tools: [WEATHER] }));
    expect(textOf({ id: "a2", role: "assistant", parts: second.answer.parts })).toBe("Cold and warm.");
    const read = mock.getLastRequest()?.body as {
      messages: { role: string; tool_call_id?: string; content: unknown }[];
    };
    const told = read.messages.filter((message) => message.role === "tool");
    expect(told.map((message) => message.tool_call_id)).toEqual(["call_a", "call_b"]);
    expect(JSON.stringify(told[0]?.content)).toContain("-3 °C");
    expect(JSON.stringify(told[1]?.content)).toContain("tool_outcome_unknown");
  });

  it("tells a rate limit with the time to wait, and asks once only", async () => {
    const error = { message: `Slow down ${KEY}`, type: isAnthropic ? "rate_limit_error" : "requests" };
    mock.onMessage("hello", { error, status: 429, retryAfter: 7 });
    const failure = await fail(model(), request([user("hello")]));
    expect(failure).toMatchObject({ code: "model_rate_limited", retryable: true, retryAfterMs: 7000 });
    expect(JSON.stringify(failure)).not.toContain(KEY);
    expect(mock.getRequests()).toHaveLength(1);
  });

  it("tells a refused key and which variable to set, without the key", async () => {
    const error = {
      message: `Incorrect API key provided: ${KEY}`,
      type: "authentication_error",
      code: "invalid_api_key",
    };
    mock.onMessage("hello", { error, status: 401 });
    const failure = await fail(model(), request([user("hello")]));
    expect(failure).toMatchObject({
      code: "model_auth_failed",
      retryable: false,
      terminalReason: "provider_error",
    });
    if (wire !== "OpenAI-compatible chat") {
      expect(failure.message).toContain(isAnthropic ? "ANTHROPIC_API_KEY" : "OPENAI_API_KEY");
    }
    expect(JSON.stringify(failure)).not.toContain(KEY);
  });

  it("tells a server error as worth another attempt", async () => {
    mock.onMessage("hello", { error: { message: "Internal error", type: "api_error" }, status: 500 });
    expect(await fail(model(), request([user("hello")]))).toMatchObject({
      code: "model_unavailable",
      retryable: true,
    });
  });

  it("tells a conversation that is too long", async () => {
    const error = isAnthropic
      ? { message: "prompt is too long: 210000 tokens > 200000 maximum", type: "invalid_request_error" }
      : { message: "This model's maximum context length is 8192 tokens.", code: "context_length_exceeded" };
    mock.onMessage("hello", { error, status: 400 });
    expect(await fail(model(), request([user("hello")]))).toMatchObject({
      code: "model_context_overflow",
      retryable: false,
      terminalReason: "context_overflow",
    });
  });

  it("tells an answer that broke off in mid-stream, whatever was streamed before", async () => {
    mock.onMessage(
      "hello",
      { content: "A rather long answer that will never be finished." },
      { truncateAfterChunks: 4 },
    );
    const failure = await fail(model(), request([user("hello")]));
    expect(failure.retryable).toBe(true);
    expect(failure.code).toMatch(/^model_(stream_broken|unavailable|response_invalid)$/);
  });

  it("stops in mid-stream when it is aborted", async () => {
    mock.onMessage("hello", { content: "word ".repeat(200) }, { streamingProfile: { ttft: 0, tps: 50 } });
    const abort = new AbortController();
    const streamed: string[] = [];
    const failure = await fail(model(), request([user("hello")]), abort.signal, (text) => {
      streamed.push(text);
      abort.abort();
    });
    expect(failure).toMatchObject({ code: "model_cancelled", terminalReason: "cancelled", retryable: false });
    expect(streamed).toHaveLength(1);
  });
});

// The mock sends Anthropic's arguments only when they are JSON; that wire's case is in broken-wire.test.ts.
it.each(["OpenAI responses", "OpenAI chat", "OpenAI-compatible chat"] as const)(
  "keeps arguments that are not JSON as the raw text of a malformed call: %s",
  async (wire) => {
    mock.onMessage("weather", {
      toolCalls: [{ name: "get_weather", arguments: '{"city": "Os', id: "call_a" }],
    });
    const { answer } = await ask(
      aiModel(WIRES[wire](mock.url)),
      request([user("weather")], { tools: [WEATHER] }),
    );
    expect(answer.parts).toMatchObject([
      { type: "tool_call", callId: "call_a", input: '{"city": "Os', malformed: true },
    ]);
  },
);

it("keeps the signature of Anthropic's reasoning through the next request", async () => {
  const sent = recordingFetch();
  const toolCalls = [call("Oslo", "call_a")];
  mock.on(
    { userMessage: "weather", hasToolResult: false },
    { toolCalls, reasoning: "Oslo is in Norway.", reasoningSignature: "c2lnbmF0dXJl" },
  );
  mock.on({ userMessage: "weather", hasToolResult: true }, { content: "Cold." });
  const model = aiModel(WIRES["Anthropic messages"](mock.url, sent.fetch), {
    settings: { providerOptions: { anthropic: { thinking: { type: "enabled", budgetTokens: 1024 } } } },
  });
  const first = await ask(model, request([user("weather")], { tools: [WEATHER] }));
  expect(first.answer.parts[0]).toMatchObject({
    type: "reasoning",
    text: "Oslo is in Norway.",
    provider: { anthropic: { signature: "c2lnbmF0dXJl" } },
  });
  const made = first.answer.parts.find((part) => part.type === "tool_call")!;
  await ask(
    model,
    request(
      [
        user("weather"),
        { id: "a", role: "assistant", parts: first.answer.parts },
        {
          id: "t",
          role: "tool",
          parts: [{ type: "tool_result", callId: made.callId, name: "get_weather", status: "ok", output: 1 }],
        },
      ],
      { tools: [WEATHER] },
    ),
  );
  expect(JSON.parse(sent.last())).toMatchObject({
    messages: [
      { role: "user" },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "Oslo is in Norway.", signature: "c2lnbmF0dXJl" },
          { type: "tool_use", id: "call_a", input: { city: "Oslo" } },
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "call_a", content: "1" }] },
    ],
  });
});
