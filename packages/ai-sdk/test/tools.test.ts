import { callId, isPawlError, type Tool, type ToolRun, validate } from "@pawl/core";
import { dynamicTool, jsonSchema, tool, zodSchema } from "ai";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { type AiTool, aiTools } from "../src/index.ts";

const run: ToolRun = {
  signal: new AbortController().signal,
  idempotencyKey: "key",
  callId: callId("c1"),
  sessionId: "s1",
  turnId: "t1",
  attempt: 2,
  messages: () => [
    {
      id: "u",
      role: "user",
      parts: [
        { type: "text", text: "hi" },
        { type: "image", ref: "sha256:00", mediaType: "image/png", bytes: 1, name: "a.png" },
      ],
    },
    {
      id: "a",
      role: "assistant",
      parts: [{ type: "tool_call", callId: callId("c0"), name: "look", input: { at: 1 } }],
    },
    {
      id: "t",
      role: "tool",
      parts: [
        { type: "tool_result", callId: callId("c0"), name: "look", status: "error", output: { code: "x" } },
      ],
    },
  ],
  step: (_, body) => body("step-key"),
  pending: () => Promise.reject(new Error("It answers at once.")),
  outbox: () => undefined,
};

const weather = tool({
  description: "The weather now",
  title: "Weather",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, celsius: -3 }),
});

function codeOf(make: () => unknown): string {
  try {
    make();
  } catch (thrown) {
    return isPawlError(thrown) ? `${thrown.code}: ${thrown.message}` : String(thrown);
  }
  return "made";
}

describe("AI SDK tools as Pawl tools", () => {
  it("keep name, description, title, schema and types", () => {
    const tools = aiTools({ weather });
    expectTypeOf(tools.weather).toEqualTypeOf<Tool<{ city: string }, { city: string; celsius: number }>>();
    expect(tools.weather.define("weather")).toMatchObject({
      name: "weather",
      displayName: "Weather",
      description: "The weather now",
      inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
      onCrash: "ask",
    });
    expect(aiTools({ weather }, { onCrash: { weather: "retry" } }).weather.define("weather").onCrash).toBe(
      "retry",
    );
  });

  it("get the call's id, its signal, the messages before it, and the durable facts as context", async () => {
    let seen: unknown;
    const tools = aiTools({
      spy: dynamicTool({
        description: "spy",
        inputSchema: z.object({}),
        execute: (_, options) => {
          seen = options;
          return "ok";
        },
      }),
    });
    expect(await tools.spy.execute({}, run)).toBe("ok");
    expect(seen).toEqual({
      toolCallId: "c1",
      abortSignal: run.signal,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "hi" },
            { type: "text", text: "[image a.png image/png sha256:00]" },
          ],
        },
        {
          role: "assistant",
          content: [{ type: "tool-call", toolCallId: "c0", toolName: "look", input: { at: 1 } }],
        },
        {
          role: "tool",
          content: [
            {
              type: "tool-result",
              toolCallId: "c0",
              toolName: "look",
              output: { type: "error-json", value: { code: "x" } },
            },
          ],
        },
      ],
      context: { idempotencyKey: "key", sessionId: "s1", turnId: "t1", attempt: 2, outbox: run.outbox },
    });
  });

  it("answer with the last item of a stream", async () => {
    const tools = aiTools({
      count: tool({
        description: "counts",
        inputSchema: z.object({}),
        async *execute() {
          yield 1;
          yield 2;
        },
      }),
    });
    expectTypeOf(tools.count).toEqualTypeOf<Tool<Record<string, never>, 1 | 2>>();
    expect(await tools.count.execute({}, run)).toBe(2);
  });

  it("take schemas of jsonSchema() and zodSchema(), lazy ones too", async () => {
    const plain = jsonSchema<{ n: number }>({ type: "object", properties: { n: { type: "number" } } });
    const checked = zodSchema(z.object({ n: z.number() }));
    const execute = async ({ n }: { n: number }) => n + 1;
    const tools = aiTools({
      plain: tool({ inputSchema: plain, execute }),
      checked: tool({ inputSchema: checked, execute }),
      lazy: tool({ inputSchema: () => checked, execute }),
    });
    for (const name of ["plain", "checked", "lazy"] as const) {
      expect(tools[name].define(name).inputSchema).toMatchObject({ properties: { n: { type: "number" } } });
      expect(await tools[name].execute({ n: 1 }, run)).toBe(2);
      expect((await validate(tools[name].input, { n: 1 })).ok).toBe(true);
    }
    expect((await validate(tools.checked.input, { n: "x" })).ok).toBe(false);
    // A schema without a validator accepts everything, as in the AI SDK.
    expect((await validate(tools.plain.input, { n: "x" })).ok).toBe(true);
  });

  it.each<[object, unknown]>([
    [{ type: "text", value: "said" }, "said"],
    [{ type: "json", value: { a: 1 } }, { a: 1 }],
    [
      {
        type: "content",
        value: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
      "a\nb",
    ],
  ])("keep what toModelOutput says: %j", async (output, expected) => {
    const tools = aiTools({ weather: { ...weather, toModelOutput: () => output } });
    expect(await tools.weather.execute({ city: "Oslo" }, run)).toEqual(expected);
  });

  it.each<[object | undefined, RegExp]>([
    [{ type: "error-text", value: "no luck" }, /no luck/],
    [{ type: "execution-denied", reason: "not you" }, /not you/],
    [{ type: "content", value: [{ type: "file" }] }, /only text and JSON/],
    [undefined, /only text and JSON/],
  ])("fail when toModelOutput says %j", async (output, message) => {
    const tools = aiTools({ weather: { ...weather, toModelOutput: () => output } });
    await expect(tools.weather.execute({ city: "Oslo" }, run)).rejects.toThrow(message);
  });

  it.each<[string, Partial<AiTool>, RegExp]>([
    [
      "a needsApproval function",
      { needsApproval: () => false },
      /^approval_unsupported: The tool "weather" decides/,
    ],
    ["no body", { execute: undefined }, /^ai_tool_unsupported: .*no execute/],
    ["a provider's tool", { type: "provider" }, /^ai_tool_unsupported: .*its provider/],
    ["a context", { contextSchema: z.object({}) }, /^ai_tool_unsupported: .*context/],
    ["no schema", { inputSchema: undefined }, /^schema_unsupported/],
    [
      "an asynchronous schema",
      { inputSchema: jsonSchema(Promise.resolve({})) },
      /^schema_unsupported: .*asynchronously/,
    ],
    [
      "a schema that cannot describe itself",
      { inputSchema: { "~standard": { version: 1 } } },
      /^schema_unsupported/,
    ],
  ])("are refused loudly with %s", (_, change, message) => {
    expect(codeOf(() => aiTools({ weather: { ...weather, ...change } as AiTool }))).toMatch(message);
  });

  it("stand behind an approval of the host with needsApproval: true", () => {
    const tools = aiTools({ weather: { ...weather, needsApproval: true } });
    expect(tools.weather.define("weather").policy).toBe("approval");
    expect(aiTools({ weather }).weather.define("weather")).not.toHaveProperty("policy");
  });

  it("are taken with needsApproval: false", () => {
    expect(codeOf(() => aiTools({ weather: { ...weather, needsApproval: false } }))).toBe("made");
  });
});
