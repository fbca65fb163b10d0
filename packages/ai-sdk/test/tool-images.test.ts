// Pictures in results of tools: shown where the provider takes them, else told of by their references.
import {
  callId,
  type FilePart,
  type Json,
  type Message,
  type ModelRequest,
  type ToolResultStatus,
} from "@pawl/core";
import type { ModelCallContext } from "@pawl/core/ports";
import { describe, expect, it } from "vitest";
import { type AiModelOptions, aiModel } from "../src/index.ts";
import { request, user } from "./asked.ts";
import { recordingFetch, WIRES, type WireName } from "./providers.ts";
import { FINISH, scripted } from "./scripted-language-model.ts";

const PIXEL = new Uint8Array([137, 80, 78, 71]);
const BASE64 = "iVBORw==";

function picture(n = 1, more: Partial<FilePart> = {}): FilePart {
  return { type: "image", ref: `sha256:${n}`, mediaType: "image/png", bytes: 4, ...more };
}

function answered(output: unknown, status: ToolResultStatus = "ok"): readonly Message[] {
  const part = { callId: callId("c1"), name: "look" };
  return [
    user("look"),
    { id: "a", role: "assistant", parts: [{ type: "tool_call", ...part, input: {} }] },
    { id: "t", role: "tool", parts: [{ type: "tool_result", ...part, status, output: output as Json }] },
  ];
}

/** What a model of this provider is asked, whose host has these pictures; with what it read of them. */
async function askedOf(
  provider: string,
  messages: readonly Message[],
  { options = {} as AiModelOptions, missing = "" } = {},
) {
  const { languageModel, asked } = scripted([FINISH], provider);
  const read: string[] = [];
  const readAttachment: ModelCallContext["readAttachment"] = async (ref) => {
    read.push(ref);
    return ref === missing ? null : ({ content: PIXEL } as never);
  };
  const signal = new AbortController().signal;
  await aiModel(languageModel, options).call(request(messages), { signal, onText() {}, readAttachment });
  const content = asked[0]?.prompt.at(-1)?.content;
  const result = Array.isArray(content) ? content.at(-1) : undefined;
  return { output: result?.type === "tool-result" ? result.output : undefined, read };
}

const shown = { type: "file", mediaType: "image/png", data: { type: "data", data: PIXEL } };
const told = (part: unknown) => ({ type: "text", text: JSON.stringify(part) });

describe("a picture in the result of a tool", () => {
  const mixed = [
    { type: "text", text: "Here:" },
    picture(),
    { type: "text", text: " " },
    { type: "file", ref: "x" },
  ];

  it.each(["anthropic.messages", "openai.responses"])(
    "is shown to models of %s, after its reference",
    async (name) => {
      const { output } = await askedOf(name, answered(mixed));
      expect(output).toEqual({
        type: "content",
        value: [{ type: "text", text: "Here:" }, told(picture()), shown, told({ type: "file", ref: "x" })],
      });
    },
  );

  it("stays a reference where the provider is not known to take it, unless the host says so", async () => {
    expect((await askedOf("openai.chat", answered(mixed))).output).toEqual({ type: "json", value: mixed });
    const options = { toolImages: true };
    expect((await askedOf("openai.chat", answered(mixed), { options })).output?.type).toBe("content");
    const blind = await askedOf("anthropic.messages", answered(mixed), { options: { toolImages: false } });
    expect(blind).toEqual({ output: { type: "json", value: mixed }, read: [] });
  });

  it.each([
    ["of another media type", [picture(1, { mediaType: "image/svg+xml" })], "ok"],
    ["that is too large", [picture(1, { bytes: 4_000_000 })], "ok"],
    ["that is no reference", [{ type: "image", data: "AAAA" }], "ok"],
    ["in no list of blocks", picture(), "ok"],
    ["of a call that failed", [picture()], "error"],
  ] as const)("%s stays what it is, and is not read", async (_, output, status) => {
    const asked = await askedOf("anthropic.messages", answered(output, status));
    expect(asked).toEqual({
      output: { type: status === "ok" ? "json" : "error-json", value: output },
      read: [],
    });
  });

  it("that cannot be read stays a reference beside the others", async () => {
    const two = [picture(1), picture(2)];
    const { output } = await askedOf("anthropic.messages", answered(two), { missing: "sha256:1" });
    expect(output).toEqual({ type: "content", value: [told(picture(1)), told(picture(2)), shown] });
  });

  it("is shown when it is one of the newest twenty", async () => {
    const many = Array.from({ length: 25 }, (_, n) => picture(n));
    const { output, read } = await askedOf("anthropic.messages", answered(many));
    expect(read.toSorted()).toEqual(
      many
        .slice(5)
        .map(({ ref }) => ref)
        .toSorted(),
    );
    expect(output?.type === "content" && output.value.filter(({ type }) => type === "file")).toHaveLength(20);
  });
});

describe.each<[WireName, (sent: never) => unknown, unknown]>([
  [
    "Anthropic messages",
    ({ messages }: { messages: { content: { content?: unknown[] }[] }[] }) =>
      messages.at(-1)?.content[0]?.content?.at(-1),
    { type: "image", source: { type: "base64", media_type: "image/png", data: BASE64 } },
  ],
  [
    "OpenAI responses",
    ({ input }: { input: { output?: unknown[] }[] }) => input.at(-1)?.output?.at(-1),
    { type: "input_image", image_url: `data:image/png;base64,${BASE64}` },
  ],
])("%s, over the wire", (wire, partOf, expected) => {
  it("gets it as a picture", async () => {
    const sent = recordingFetch();
    const nowhere: typeof fetch = (...asked) =>
      sent.fetch(...asked).catch(() => new Response("no", { status: 500 }));
    const model = aiModel(WIRES[wire]("http://127.0.0.1:9", nowhere));
    const asked: ModelRequest = request(answered([picture()]));
    const readAttachment = async () => ({ content: PIXEL }) as never;
    await model.call(asked, { signal: new AbortController().signal, onText() {}, readAttachment });
    expect(partOf(JSON.parse(sent.last()) as never)).toMatchObject(expected as object);
  });
});
