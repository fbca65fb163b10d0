import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { answerFromStream } from "../src/from-stream.ts";
import { FINISH, USAGE } from "./scripted-language-model.ts";

type StreamPart = LanguageModelV4StreamPart;

async function collect(parts: readonly StreamPart[], onText: (text: string) => void = () => {}) {
  async function* stream() {
    yield* parts;
  }
  return answerFromStream(stream(), { onText, callIdAt: (index) => `fallback_${index}` });
}

const text = (id: string, ...deltas: readonly string[]): StreamPart[] => [
  { type: "text-start", id },
  ...deltas.map((delta): StreamPart => ({ type: "text-delta", id, delta })),
  { type: "text-end", id },
];
const toolCall = (input: string, toolCallId = "c1"): StreamPart => ({
  type: "tool-call",
  toolCallId,
  toolName: "t",
  input,
});

describe("an answer from a stream", () => {
  it("keeps parts in the order in which they began", async () => {
    const answer = await collect([
      { type: "reasoning-start", id: "r" },
      { type: "text-start", id: "a" },
      { type: "reasoning-delta", id: "r", delta: "hm" },
      { type: "text-delta", id: "a", delta: "one" },
      toolCall("{}"),
      ...text("a2", "two"),
      { type: "reasoning-end", id: "r" },
      FINISH,
    ]);
    expect(answer.parts.map((part) => ("text" in part ? part.text : part.type))).toEqual([
      "hm",
      "one",
      "tool_call",
      "two",
    ]);
    expect(answer.usage).toBe(USAGE);
  });

  it("begins a new part when an id is used again", async () => {
    const answer = await collect([...text("0", "one"), ...text("0", "two"), FINISH]);
    expect(answer.parts).toEqual([
      { type: "text", text: "one" },
      { type: "text", text: "two" },
    ]);
  });

  it("gathers the provider's facts from start, deltas and end, and leaves undefined out", async () => {
    const answer = await collect([
      { type: "reasoning-start", id: "r", providerMetadata: { openai: { itemId: "rs_1", encrypted: null } } },
      { type: "reasoning-delta", id: "r", delta: "", providerMetadata: { anthropic: { signature: "s" } } },
      { type: "reasoning-end", id: "r", providerMetadata: { openai: { encrypted: "e", gone: undefined } } },
      FINISH,
    ]);
    expect(answer.parts).toEqual([
      {
        type: "reasoning",
        text: "",
        provider: { openai: { itemId: "rs_1", encrypted: "e" }, anthropic: { signature: "s" } },
      },
    ]);
  });

  it("drops blocks that are empty and carry nothing", async () => {
    expect((await collect([...text("0"), { type: "reasoning-start", id: "r" }, FINISH])).parts).toEqual([]);
  });

  it("shows a surrogate pair whole although it came in two pieces", async () => {
    const shown: string[] = [];
    const [high, low] = ["\uD83D", "\uDE00"];
    const answer = await collect([...text("0", `a${high}`, `${low}b`), FINISH], (piece) => shown.push(piece));
    expect(shown).toEqual(["a", "😀b"]);
    expect(answer.parts).toEqual([{ type: "text", text: "a😀b" }]);
  });

  it("replaces what no journal can store", async () => {
    const shown: string[] = [];
    const answer = await collect([...text("0", "a\u0000b\uD800"), FINISH], (piece) => shown.push(piece));
    expect(answer.parts).toEqual([{ type: "text", text: "a\uFFFDb\uFFFD" }]);
    expect(shown.join("")).toBe("a\uFFFDb");
  });

  it.each<[string, object]>([
    ["", { input: {} }],
    ["  ", { input: {} }],
    ['{"a":1}', { input: { a: 1 } }],
    ["null", { input: null }],
    ['{"a":', { input: '{"a":', malformed: true }],
    ["{'a':1}", { input: "{'a':1}", malformed: true }],
    ['{"a":"\\u0000"}', { input: '{"a":"\\u0000"}', malformed: true }],
    ['{"a":"\\ud800"}', { input: '{"a":"\\ud800"}', malformed: true }],
    ["[1e999]", { input: "[1e999]", malformed: true }],
  ])("reads the arguments %j", async (input, expected) => {
    const answer = await collect([toolCall(input), FINISH]);
    expect(answer.parts).toEqual([{ type: "tool_call", callId: "c1", name: "t", ...expected }]);
  });

  it("keeps a prototype name in arguments as a plain property", async () => {
    const [part] = (await collect([toolCall('{"__proto__":{"x":1}}'), FINISH])).parts;
    expect(part?.type === "tool_call" && Object.keys(part.input as object)).toEqual(["__proto__"]);
  });

  it("names calls without a usable id, and leaves equal ids to the machine", async () => {
    const answer = await collect([
      toolCall("", ""),
      toolCall("", "x".repeat(300)),
      toolCall("", "c"),
      toolCall("", "c"),
      FINISH,
    ]);
    expect(answer.parts.map((part) => part.type === "tool_call" && part.callId)).toEqual([
      "fallback_0",
      "fallback_1",
      "c",
      "c",
    ]);
  });

  it("leaves out what the provider did itself", async () => {
    const answer = await collect([
      { type: "stream-start", warnings: [] },
      { type: "tool-call", toolCallId: "s1", toolName: "web_search", input: "{}", providerExecuted: true },
      { type: "tool-result", toolCallId: "s1", toolName: "web_search", result: {} },
      { type: "source", sourceType: "url", id: "u", url: "https://example.com" },
      { type: "ping" },
      ...text("0", "found"),
      FINISH,
    ]);
    expect(answer).toMatchObject({ parts: [{ type: "text", text: "found" }], terminalReason: "stop" });
  });

  it.each([
    ["stop", "stop", false, "stop"],
    ["stop", "stop", true, "tool_use"],
    ["tool-calls", "tool_use", true, "tool_use"],
    ["length", "max_tokens", false, "output_limit"],
    ["length", "max_tokens", true, "output_limit"],
    ["length", "model_context_window_exceeded", false, "context_overflow"],
    ["content-filter", "refusal", false, "content_filter"],
    ["other", undefined, false, "unknown"],
  ] as const)("reads the finish %s (%s), calls %s, as %s", async (unified, raw, withCall, expected) => {
    const parts = withCall ? [toolCall("{}")] : text("0", "x");
    const answer = await collect([...parts, { ...FINISH, finishReason: { unified, raw } } as StreamPart]);
    expect(answer.terminalReason).toBe(expected);
  });

  it.each<[string, readonly StreamPart[], object]>([
    ["no finish", text("0", "x"), { code: "model_stream_broken", details: { retryable: true } }],
    [
      "an interrupted finish",
      [{ type: "finish", usage: USAGE, finishReason: { unified: "interrupted", raw: undefined } }],
      { code: "model_stream_broken", details: { retryable: true } },
    ],
    [
      "a finish with error",
      [{ type: "finish", usage: USAGE, finishReason: { unified: "error", raw: undefined } }],
      { code: "model_unavailable", details: { retryable: true } },
    ],
    ["an error", [{ type: "error", error: { message: "boom" } }, FINISH], { message: "boom" }],
    [
      "a file",
      [{ type: "file", mediaType: "image/png", data: { type: "data", data: "AA==" } }, FINISH],
      { code: "model_output_unsupported" },
    ],
    [
      "an approval request",
      [{ type: "tool-approval-request", approvalId: "a", toolCallId: "c" }, FINISH],
      { code: "approval_unsupported" },
    ],
  ])("throws for %s", async (_, parts, expected) => {
    await expect(collect(parts)).rejects.toMatchObject(expected);
  });
});
