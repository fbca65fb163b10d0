import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Message, tool } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { offlineModel } from "../../src/models/offline-model.ts";
import { resolveModel } from "../../src/models/resolve-model.ts";

const echo = tool({
  description: "Echoes",
  input: z.object({ message: z.string() }),
  onCrash: "retry",
  execute: ({ message }) => `Echo: ${message}`,
});
const sum = tool({
  description: "Adds",
  input: z.object({ a: z.number(), b: z.number() }),
  onCrash: "retry",
  execute: ({ a, b }) => `The sum of ${a} and ${b} is ${a + b}.`,
});

function hostWith(model: Model | ((name: string | undefined) => Model)) {
  const host = createHost({ store: memoryStore(), model, tools: { echo, "get-sum": sum } });
  return Object.assign(host, { [Symbol.asyncDispose]: () => host.stop() });
}

const calls = (transcript: readonly Message[]) =>
  transcript.map((message) =>
    message.parts.filter((part) => part.type === "tool_call").map((part) => part.name),
  );

describe("a whole turn with the offline model", () => {
  it("walks a then chain with parallel calls, through the real machine and real tools", async () => {
    await using host = hostWith(offlineModel());
    const prompt =
      'call get-sum with a=17 b=25 and call echo with message="a, then b" then call echo with message=done';
    const result = await (await host.session("s1").send(prompt)).result();
    expect(result).toMatchObject({
      status: "completed",
      text: 'get-sum answered "The sum of 17 and 25 is 42."; echo answered "Echo: a, then b"; echo answered "Echo: done".',
      usage: { modelCalls: 3, costNanoUsd: 0 },
    });
    expect(calls(await host.session("s1").transcript())).toEqual([
      [],
      ["get-sum", "echo"],
      [],
      ["echo"],
      [],
      [],
    ]);
    const again = await (await host.session("s1").send("call echo with message=again")).result();
    expect(again).toMatchObject({ status: "completed", text: 'echo answered "Echo: again".' });
  });

  it("shows what the machine says to an unknown tool and to arguments that do not fit", async () => {
    await using host = hostWith(offlineModel());
    const unknown = await (await host.session("s1").send("call nope")).result();
    expect(unknown.status === "completed" && unknown.text).toMatch(
      /^nope failed \(tool_unknown\): ".*echo.*get-sum/,
    );
    const wrong = await (await host.session("s1").send("call get-sum with a=x b=2")).result();
    expect(wrong.status === "completed" && wrong.text).toMatch(/^get-sum failed \(tool_input_invalid\): "/);
  });

  it("does one last answer when its steps are used up, and says what it did not call", async () => {
    await using host = hostWith(offlineModel());
    const prompt = "call echo with message=1 then call echo with message=2 then call get-sum with a=1 b=1";
    const result = await (await host.session("s1").send(prompt, { limits: { maxIterations: 2 } })).result();
    expect(result).toMatchObject({ status: "completed", limit: "iterations" });
    expect(result.status === "completed" && result.text).toMatch(/"Echo: 2"\.\n\nNot called.*: get-sum\.$/);
  });

  it("answers with how to set a real model", async () => {
    await using host = hostWith((name) => resolveModel(name, {}));
    const result = await (await host.session("s1").send("What is the weather?")).result();
    expect(result.status === "completed" && result.text).toMatch(/offline model.*OPENAI_API_KEY/s);
  });
});

/** A provider with the OpenAI-compatible wire that says each of these, one answer a request. */
async function provider(answers: readonly (readonly object[] | number)[]) {
  const bodies: { messages: { role: string; content: unknown }[] }[] = [];
  const server: Server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    request.on("end", () => {
      const answer = answers[bodies.length];
      bodies.push(JSON.parse(text));
      if (typeof answer === "number" || answer === undefined) {
        response.writeHead(answer ?? 500, { "retry-after-ms": "1" }).end("{}");
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const chunk of answer) {
        response.write(`data: ${JSON.stringify({ id: "c", created: 1, model: "tiny", ...chunk })}\n\n`);
      }
      response.end("data: [DONE]\n\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    bodies,
    env: {
      PAWL_MODEL: "tiny",
      PAWL_MODEL_BASE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const delta = (given: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta: given, finish_reason }],
});
const asked = (index: number, name: string, args: string) => ({
  tool_calls: [{ index, id: `call_${index}`, type: "function", function: { name, arguments: args } }],
});

describe("a whole turn over a provider's wire", () => {
  it("streams, calls tools in parallel, survives a rate limit, and tells the model what was malformed", async () => {
    await using wire = await provider([
      429,
      [
        delta(asked(0, "get-sum", '{"a":17,')),
        delta({ tool_calls: [{ index: 0, function: { arguments: '"b":25}' } }] }),
        delta(asked(1, "echo", '{"message": "br')),
        delta({}, "tool_calls"),
      ],
      [
        delta({ content: "It is " }),
        delta({ content: "42." }),
        delta({}, "stop"),
        { choices: [], usage: { prompt_tokens: 30, completion_tokens: 4, total_tokens: 34 } },
      ],
    ]);
    await using host = hostWith((name) => resolveModel(name, wire.env));
    const turn = await host.session("s1").send("What is 17 + 25?");
    const result = await turn.result();
    expect(result).toMatchObject({
      status: "completed",
      text: "It is 42.",
      usage: { inputTokens: 30, outputTokens: 4 },
    });
    expect(wire.bodies).toHaveLength(3);
    const told = wire.bodies[2]!.messages.filter((message) => message.role === "tool").map((message) =>
      String(message.content),
    );
    expect(told[0]).toBe("The sum of 17 and 25 is 42.");
    expect(JSON.parse(told[1]!)).toMatchObject({ code: "tool_input_invalid" });
  });

  it("ends as failed with what to do when the key is refused", async () => {
    await using wire = await provider([401]);
    await using host = hostWith((name) => resolveModel(name, wire.env));
    const result = await (await host.session("s1").send("hi")).result();
    expect(result).toMatchObject({ status: "failed", code: "model_auth_failed" });
    expect(result.status === "failed" && result.message).toContain("PAWL_MODEL_API_KEY");
  });

  it("ends as failed when an input asks for a model that there is not", async () => {
    await using host = hostWith((name) => resolveModel(name, {}));
    const result = await (await host.session("s1").send("hi", { model: "nope/x" })).result();
    expect(result).toMatchObject({ status: "failed", code: "model_unknown" });
  });
});
