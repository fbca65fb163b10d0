import type { LanguageModelV4ToolResultPart } from "@ai-sdk/provider";
import {
  type AnswerPart,
  callId,
  type FilePart,
  type Json,
  type Message,
  type ToolResultStatus,
} from "@pawl/core";
import { describe, expect, it } from "vitest";
import { callIdWriter } from "../src/provider-names.ts";
import { toFunctionTools, toPrompt } from "../src/to-prompt.ts";
import { request, user, WEATHER } from "./asked.ts";

const BYTES = new Uint8Array([1, 2, 3]);
const options = { files: () => BYTES, callId: callIdWriter("openai.responses") };
const prompt = (messages: readonly Message[], instructions?: string) =>
  toPrompt(request(messages, { instructions }), options);
const assistant = (...parts: readonly AnswerPart[]): Message => ({ id: "a", role: "assistant", parts });

describe("a request in the AI SDK's words", () => {
  it("puts the instructions first, and leaves blank ones out", () => {
    expect(prompt([user("hi")], "Be brief.")).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "hi" }] },
    ]);
    expect(prompt([user("hi")], "  ")).toHaveLength(1);
  });

  it("sends the provider's facts back with their own part", () => {
    const provider = { anthropic: { signature: "s" } };
    expect(
      prompt([
        assistant(
          { type: "reasoning", text: "hm", provider },
          { type: "text", text: "", provider },
          { type: "tool_call", callId: callId("c1"), name: "t", input: { a: 1 }, provider },
        ),
      ]),
    ).toEqual([
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm", providerOptions: provider },
          { type: "text", text: "", providerOptions: provider },
          { type: "tool-call", toolCallId: "c1", toolName: "t", input: { a: 1 }, providerOptions: provider },
        ],
      },
    ]);
  });

  it("leaves out blank text and messages without anything", () => {
    expect(prompt([user("hi"), assistant({ type: "text", text: " \n" }), assistant()])).toHaveLength(1);
  });

  it.each<[Json, true | undefined, Json]>([
    [{ a: 1 }, undefined, { a: 1 }],
    ['{"a":', true, { malformed_arguments: '{"a":' }],
    [[1], undefined, { malformed_arguments: "[1]" }],
    [null, undefined, { malformed_arguments: "null" }],
  ])("sends the input %j (malformed: %s) as an object", (input, malformed, expected) => {
    const call = {
      type: "tool_call",
      callId: callId("c1"),
      name: "t",
      input,
      ...(malformed && { malformed }),
    } as const;
    expect(prompt([assistant(call)])[0]?.content[0]).toMatchObject({ input: expected });
  });

  it.each<[ToolResultStatus, Json, LanguageModelV4ToolResultPart["output"]]>([
    ["ok", "fine", { type: "text", value: "fine" }],
    ["ok", { a: 1 }, { type: "json", value: { a: 1 } }],
    ["ok", null, { type: "json", value: null }],
    [
      "error",
      { code: "tool_failed", message: "no" },
      { type: "error-json", value: { code: "tool_failed", message: "no" } },
    ],
    ["error", "no", { type: "error-text", value: "no" }],
    [
      "cancelled",
      { code: "tool_cancelled", message: "x" },
      { type: "error-json", value: { code: "tool_cancelled", message: "x" } },
    ],
    [
      "unknown",
      { code: "tool_outcome_unknown", message: "?" },
      { type: "error-json", value: { code: "tool_outcome_unknown", message: "?" } },
    ],
  ])("sends a result that is %s %j", (status, output, expected) => {
    const parts = [{ type: "tool_result", callId: callId("c1"), name: "t", status, output }] as const;
    expect(prompt([{ id: "t", role: "tool", parts }])).toEqual([
      { role: "tool", content: [{ type: "tool-result", toolCallId: "c1", toolName: "t", output: expected }] },
    ]);
  });

  it("sends structured parts as JSON text", () => {
    const value = { city: "Oslo" };
    expect(
      prompt([
        { id: "u", role: "user", parts: [{ type: "structured", value }] },
        assistant({ type: "structured", value }),
      ]),
    ).toMatchObject([
      { content: [{ type: "text", text: '{"city":"Oslo"}' }] },
      { content: [{ text: '{"city":"Oslo"}' }] },
    ]);
  });

  it("sends a file as the bytes or the URL that it was resolved to", () => {
    const file: FilePart = {
      type: "image",
      ref: "sha256:00",
      mediaType: "image/png",
      bytes: 3,
      name: "a.png",
    };
    const message: Message = { id: "u", role: "user", parts: [file] };
    expect(prompt([message])).toEqual([
      {
        role: "user",
        content: [
          { type: "file", mediaType: "image/png", filename: "a.png", data: { type: "data", data: BYTES } },
        ],
      },
    ]);
    const url = new URL("https://files.example/a.png");
    const sent = toPrompt(request([message]), { ...options, files: () => url });
    expect(sent[0]?.content[0]).toMatchObject({ data: { type: "url", url } });
  });

  it("writes call ids as the provider takes them, the same in call and result", () => {
    expect(callIdWriter("openai.responses")("c1#2")).toBe("c1_2");
    expect(callIdWriter("openai.chat")("call.x/y+z==")).toBe("call.x/y+z==");
    expect(callIdWriter("anthropic.messages")("call.x#2")).toBe("call_x_2");
    expect(callIdWriter("amazon-bedrock")("turn:1")).toBe("turn_1");
    const id = callId("c1#2");
    const pair = prompt([
      assistant({ type: "tool_call", callId: id, name: "t", input: {} }),
      {
        id: "t",
        role: "tool",
        parts: [{ type: "tool_result", callId: id, name: "t", status: "ok", output: 1 }],
      },
    ]);
    expect(pair).toMatchObject([
      { content: [{ toolCallId: "c1_2" }] },
      { content: [{ toolCallId: "c1_2" }] },
    ]);
  });

  it("says of every tool that its input is an object with properties", () => {
    const [bare] = toFunctionTools([{ ...WEATHER, inputSchema: {} }]);
    expect(bare?.inputSchema).toEqual({ type: "object", properties: {} });
  });

  it("offers tools with name, description and schema only", () => {
    expect(toFunctionTools([{ ...WEATHER, source: { server: "secret" } }])).toEqual([
      {
        type: "function",
        name: "get_weather",
        description: "The weather now",
        inputSchema: WEATHER.inputSchema,
      },
    ]);
  });
});
