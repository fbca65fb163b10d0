import {
  type AssistantMessage,
  type Json,
  type Message,
  type ModelAnswer,
  type ModelRequest,
  type ToolCallPart,
  type ToolDefinition,
  type ToolResultStatus,
  tool,
} from "@pawl/core";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { offlineModel } from "../../src/models/offline-model.ts";

const echo = tool({ description: "Echo", input: z.object({ message: z.string() }), execute: () => null });
const sum = tool({
  description: "Add",
  input: z.object({ a: z.number(), b: z.number() }),
  execute: () => null,
});
const TOOLS = [echo.define("echo"), sum.define("everything__get-sum")];

const user = (text: string, id = "u"): Message => ({ id, role: "user", parts: [{ type: "text", text }] });

function request(messages: readonly Message[], rest: Partial<ModelRequest> = {}): ModelRequest {
  return { instructions: undefined, messages, tools: TOOLS, toolChoice: "auto", ...rest };
}

async function ask(asked: ModelRequest): Promise<{ answer: ModelAnswer; deltas: readonly string[] }> {
  const deltas: string[] = [];
  const context = { signal: new AbortController().signal, onText: (text: string) => deltas.push(text) };
  const result = await offlineModel().call(asked, context);
  if (!result.ok) throw new Error(result.failure.message);
  return { answer: result.answer, deltas };
}

async function textOfAnswer(asked: ModelRequest): Promise<string> {
  const { answer } = await ask(asked);
  return answer.parts.map((part) => (part.type === "text" ? part.text : `<${part.type}>`)).join("");
}

async function callsOf(asked: ModelRequest): Promise<readonly (readonly [string, Json])[]> {
  const { answer } = await ask(asked);
  return answer.parts.map((part) => {
    if (part.type !== "tool_call") throw new Error(`not a call: ${JSON.stringify(part)}`);
    return [part.name, part.input] as const;
  });
}

type Performer = (call: ToolCallPart) => { status?: ToolResultStatus; output: Json };

/** Plays the turn machine: asks until the model answers in text. */
async function play(
  messages: readonly Message[],
  perform: Performer,
  tools: readonly ToolDefinition[] = TOOLS,
) {
  const transcript = [...messages];
  const steps: string[][] = [];
  for (let n = 0; n < 20; n++) {
    const { answer } = await ask(request(transcript, { tools }));
    const message: AssistantMessage = { id: `a${n}`, role: "assistant", parts: answer.parts };
    transcript.push(message);
    const calls = answer.parts.filter((part) => part.type === "tool_call");
    if (calls.length === 0)
      return { steps, transcript, text: await textOfAnswer(request(transcript.slice(0, -1))) };
    steps.push(calls.map((call) => call.name));
    const parts = calls.map((call) => {
      const { status = "ok", output } = perform(call);
      return { type: "tool_result" as const, callId: call.callId, name: call.name, status, output };
    });
    transcript.push({ id: `t${n}`, role: "tool", parts });
  }
  throw new Error("the model never answered");
}

const answers: Performer = (call) => {
  const input = call.input as { message?: string; a?: number; b?: number };
  return { output: call.name === "echo" ? `Echo: ${input.message}` : `The sum is ${input.a! + input.b!}` };
};

describe("the offline model performs what is spelled out", () => {
  it("calls a tool with typed input, by its bare name when that is unique", async () => {
    expect(await callsOf(request([user("call get-sum with a=17 b=25")]))).toEqual([
      ["everything__get-sum", { a: 17, b: 25 }],
    ]);
    expect(await callsOf(request([user("call echo with message=12")]))).toEqual([
      ["echo", { message: "12" }],
    ]);
  });

  it("keeps the name as given when two servers have that tool, so that the machine says which exist", async () => {
    const tools = [echo.define("one__echo"), echo.define("two__echo")];
    expect(await callsOf(request([user("call echo with message=x")], { tools }))).toEqual([
      ["echo", { message: "x" }],
    ]);
    expect(await callsOf(request([user("call two__echo with message=x")], { tools }))).toEqual([
      ["two__echo", { message: "x" }],
    ]);
  });

  it("O2: calls a tool that is not offered", async () => {
    expect(await callsOf(request([user("call nope with x=1")]))).toEqual([["nope", { x: 1 }]]);
  });

  it("makes one answer with parallel calls of `and`, each with its own id", async () => {
    const { answer } = await ask(request([user("call echo with message=a and call echo with message=a")]));
    expect(answer.terminalReason).toBe("tool_use");
    const ids = answer.parts.map((part) => (part.type === "tool_call" ? part.callId : ""));
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(2);
  });

  it("O1: goes through a `then` chain one model call after another and answers with all results", async () => {
    const turn = await play([user("call get-sum with a=17 b=25 then call echo with message=done")], answers);
    expect(turn.steps).toEqual([["everything__get-sum"], ["echo"]]);
    expect(turn.text).toBe('everything__get-sum answered "The sum is 42"; echo answered "Echo: done".');
  });

  it("never gives a call id twice in a session", async () => {
    const first = await play([user("call echo with message=a then call echo with message=b")], answers);
    const second = await play([...first.transcript, user("call echo with message=a", "u2")], answers);
    const ids = second.transcript.flatMap((m) =>
      m.parts.flatMap((p) => (p.type === "tool_call" ? [p.callId] : [])),
    );
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(3);
  });

  it("looks at the current prompt only in a session with earlier turns", async () => {
    const first = await play([user("call echo with message=a then call echo with message=b")], answers);
    const second = await play([...first.transcript, user("call echo with message=c", "u2")], answers);
    expect(second.steps).toEqual([["echo"]]);
    expect(second.text).toBe('echo answered "Echo: c".');
  });

  it("takes a steered prompt from where it entered, and several that entered together one after another", async () => {
    const begun = await ask(request([user("call echo with message=a then call echo with message=b")]));
    const call = begun.answer.parts[0] as ToolCallPart;
    const result = {
      type: "tool_result",
      callId: call.callId,
      name: "echo",
      status: "ok",
      output: "Echo: a",
    } as const;
    const messages: readonly Message[] = [
      user("call echo with message=a then call echo with message=b"),
      { id: "a", role: "assistant", parts: begun.answer.parts },
      { id: "t", role: "tool", parts: [result] },
      user("call echo with message=s1", "s1"),
      user("call get-sum with a=1 b=1", "s2"),
    ];
    const turn = await play(messages, answers);
    expect(turn.steps).toEqual([["echo"], ["everything__get-sum"]]);
    expect(turn.text).toBe('echo answered "Echo: s1"; everything__get-sum answered "The sum is 2".');
  });

  it("O2: goes on after a failed step and tells the failure", async () => {
    const turn = await play([user("call nope then call echo with message=x")], (call) =>
      call.name === "nope"
        ? {
            status: "error",
            output: { code: "tool_unknown", message: 'There is no tool "nope". Tools: echo.' },
          }
        : answers(call),
    );
    expect(turn.text).toBe(
      'nope failed (tool_unknown): "There is no tool "nope". Tools: echo."; echo answered "Echo: x".',
    );
  });

  it.each<[ToolResultStatus, Json, string]>([
    [
      "ok",
      {
        content: [
          { type: "text", text: "a" },
          { type: "text", text: "b" },
        ],
      },
      'echo answered "a\nb".',
    ],
    [
      "ok",
      [
        { type: "text", text: "a" },
        { type: "image", mimeType: "image/png", data: "AAAA" },
      ],
      'echo answered "a\n[image image/png]".',
    ],
    ["ok", [1, 2], 'echo answered "[1,2]".'],
    ["ok", [], 'echo answered "[]".'],
    ["ok", { n: 1 }, 'echo answered "{"n":1}".'],
    ["ok", null, 'echo answered "null".'],
    ["cancelled", { code: "tool_cancelled", message: "stopped" }, 'echo was cancelled: "stopped".'],
    [
      "unknown",
      { code: "x", message: "nobody knows" },
      'whether echo happened is not known: "nobody knows".',
    ],
  ])("tells a result that is %s %j", async (status, output, text) => {
    const turn = await play([user("call echo with message=x")], () => ({ status, output }));
    expect(turn.text).toBe(text);
  });

  it("O3: calls nothing when tools are not available any more, and tells what is missing", async () => {
    const asked = request([user("call echo with message=x then call get-sum with a=1 b=2")], {
      toolChoice: "none",
    });
    expect(await textOfAnswer(asked)).toBe(
      "Not called, because tools are not available any more: echo, get-sum.",
    );
  });
});

describe("the offline model answers everything else plainly", () => {
  it("says what it is, how to set a real model, what it understands and what is offered", async () => {
    const text = await textOfAnswer(request([user("What is the weather?")]));
    expect(text).toMatch(/I am the offline model/);
    for (const word of [
      "OPENAI_API_KEY",
      "ANTHROPIC_API_KEY",
      "--model",
      "call TOOL with",
      "everything__get-sum",
    ]) {
      expect(text).toContain(word);
    }
  });

  it("explains the grammar when a call cannot be read", async () => {
    const text = await textOfAnswer(request([user("call echo with message=hello world")]));
    expect(text).toMatch(/could not read this call.*"world"/);
    expect(text).toContain("call TOOL with");
  });

  it("streams its text in a few deltas that add up to the answer", async () => {
    const { answer, deltas } = await ask(request([user("hi")]));
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.length).toBeLessThanOrEqual(4);
    expect(answer.parts).toEqual([{ type: "text", text: deltas.join("") }]);
    expect(answer.terminalReason).toBe("stop");
  });

  it("counts words as tokens, one model call and no money", async () => {
    const { answer } = await ask(
      request([user("call echo with message=hi")], { instructions: "Be brief please" }),
    );
    expect(answer.usage).toEqual({
      modelCalls: 1,
      inputTokens: 7,
      outputTokens: 2,
      reasoningTokens: 0,
      cachedInputTokens: 0,
      costNanoUsd: 0,
    });
  });
});

describe("the offline model keeps the port's contract", () => {
  it("O1: gives equal answers to equal requests", async () => {
    for (const text of ["hi", "call echo with message=a and call nope", "call echo with"]) {
      expect(await ask(request([user(text)]))).toEqual(await ask(request([user(text)])));
    }
  });

  it("stops in mid-stream when it is aborted, as a cancelled failure", async () => {
    const abort = new AbortController();
    const deltas: string[] = [];
    const onText = (text: string) => {
      deltas.push(text);
      abort.abort();
    };
    const result = await offlineModel().call(request([user("hi")]), { signal: abort.signal, onText });
    expect(deltas).toHaveLength(1);
    expect(result).toMatchObject({ ok: false, failure: { terminalReason: "cancelled", retryable: false } });
  });

  it("answers a request without any message", async () => {
    expect(await textOfAnswer(request([]))).toMatch(/I am the offline model/);
  });
});
