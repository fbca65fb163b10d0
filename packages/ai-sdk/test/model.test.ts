import type { LanguageModelV4, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import type { FilePart, Message } from "@pawl/core";
import { MockLanguageModelV4 } from "ai/test";
import { describe, expect, it } from "vitest";
import { aiModel } from "../src/index.ts";
import { ask, fail, request, user } from "./asked.ts";
import { FINISH, scripted } from "./scripted-language-model.ts";

const file: FilePart = { type: "file", ref: "sha256:00", mediaType: "text/plain", bytes: 3, name: "a.txt" };
const withFile: Message = { id: "u", role: "user", parts: [file, file] };

describe("aiModel", () => {
  it("is named by provider and model, or as it is told", () => {
    const { languageModel } = scripted([FINISH], "openai.responses");
    expect(aiModel(languageModel).id).toBe("openai/m1");
    expect(aiModel(languageModel, { id: "fast" }).id).toBe("fast");
  });

  it("passes settings through and asks without tools when there are none", async () => {
    const { languageModel, asked } = scripted([FINISH]);
    await ask(
      aiModel(languageModel, { settings: { temperature: 0, maxOutputTokens: 9 } }),
      request([user("hi")]),
    );
    expect(asked[0]).toMatchObject({ temperature: 0, maxOutputTokens: 9 });
    expect(asked[0]).not.toHaveProperty("tools");
    expect(asked[0]).not.toHaveProperty("toolChoice");
  });

  it("names the model itself when the provider does not", async () => {
    const { languageModel } = scripted([FINISH]);
    expect((await ask(aiModel(languageModel), request([user("hi")]))).answer.model).toBe("m1");
  });

  it("asks for a structured answer natively, beside tools", async () => {
    const { languageModel, asked } = scripted([FINISH]);
    const schema = { type: "object", properties: { n: { type: "number" } } } as const;
    await ask(aiModel(languageModel), { ...request([user("hi")]), output: { schema } });
    expect(asked[0]?.responseFormat).toEqual({ type: "json", schema, name: "answer" });
  });

  it("reads files where its host has stored them", async () => {
    const { languageModel, asked } = scripted([FINISH]);
    const content = new Uint8Array([1, 2]);
    const result = await aiModel(languageModel).call(request([withFile]), {
      signal: new AbortController().signal,
      onText: () => {},
      readAttachment: async (ref) => ({ ref, bytes: 2, mediaType: "text/plain", content }),
    });
    expect(result.ok).toBe(true);
    expect(asked[0]?.prompt[0]?.content[0]).toMatchObject({
      type: "file",
      mediaType: "text/plain",
      filename: "a.txt",
      data: { type: "data", data: content },
    });
  });

  it("resolves each file once, by reference", async () => {
    const { languageModel, asked } = scripted([FINISH]);
    const refs: string[] = [];
    const resolveFile = async ({ ref }: FilePart) => {
      refs.push(ref);
      return new Uint8Array([7]);
    };
    await ask(aiModel(languageModel, { resolveFile }), request([withFile, withFile]));
    expect(refs).toEqual(["sha256:00"]);
    expect(asked[0]?.prompt[1]?.content[1]).toMatchObject({
      type: "file",
      data: { data: new Uint8Array([7]) },
    });
  });

  it("fails with a code when a file cannot be read, or nobody can read files", async () => {
    const { languageModel, asked } = scripted([FINISH]);
    const broken = aiModel(languageModel, { resolveFile: () => Promise.reject(new Error("gone")) });
    for (const model of [aiModel(languageModel), broken]) {
      const failure = await fail(model, request([withFile]));
      expect(failure).toMatchObject({ code: "attachment_resolution_failed", retryable: false });
      expect(failure.message).toContain("a.txt");
    }
    expect(asked).toHaveLength(0);
  });

  it("does not throw when the provider does, at once or later", async () => {
    const now = new MockLanguageModelV4({
      doStream: () => {
        throw new Error("at once");
      },
    });
    expect(await fail(aiModel(now))).toMatchObject({ code: "model_call_failed" });
    const later = new MockLanguageModelV4({ doStream: () => Promise.reject(new Error("later")) });
    expect(await fail(aiModel(later))).toMatchObject({ code: "model_call_failed" });
  });

  it("ends at an abort although the provider does not watch the signal, and closes what comes too late", async () => {
    let answer: (stream: ReadableStream) => void = () => {};
    let cancelled = 0;
    const abort = new AbortController();
    const deaf = new MockLanguageModelV4({
      doStream: () => {
        abort.abort();
        return new Promise((resolve) => {
          answer = (stream) => resolve({ stream });
        });
      },
    });
    expect(await fail(aiModel(deaf), undefined, abort.signal)).toMatchObject({ terminalReason: "cancelled" });
    const closed = new Promise<void>((resolve) => {
      answer(
        new ReadableStream({
          cancel() {
            cancelled++;
            resolve();
          },
        }),
      );
    });
    await closed;
    expect(cancelled).toBe(1);
  });

  it("ends at an abort although a stream is silent and does not watch the signal", async () => {
    const abort = new AbortController();
    let cancelled = 0;
    const source = {
      // Asked for a part, it has nothing to say, for ever.
      pull() {
        abort.abort();
        return new Promise<void>(() => {});
      },
      cancel() {
        cancelled++;
      },
    };
    const silent = new ReadableStream<LanguageModelV4StreamPart>(source, { highWaterMark: 0 });
    const model = aiModel(new MockLanguageModelV4({ doStream: async () => ({ stream: silent }) }));
    expect(await fail(model, undefined, abort.signal)).toMatchObject({ terminalReason: "cancelled" });
    expect(cancelled).toBe(1);
  });

  it.each([
    [{ specificationVersion: "v2", provider: "p", modelId: "m" }, /v2: update its provider package/],
    ["openai/gpt", /call the provider/],
    [undefined, /call the provider/],
  ])("refuses %j, which is no model of this specification", (given, message) => {
    const make = () => aiModel(given as unknown as LanguageModelV4);
    expect(make).toThrow(
      expect.objectContaining({ code: "model_spec_unsupported", message: expect.stringMatching(message) }),
    );
  });
});
