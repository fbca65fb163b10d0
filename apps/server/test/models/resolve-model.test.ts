import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isPawlError, type ModelRequest } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { parseModelPrice } from "../../src/models/model-price.ts";
import {
  DEFAULT_ANTHROPIC_MODEL,
  DEFAULT_OPENAI_MODEL,
  type ModelEnvironment,
  resolveModel,
} from "../../src/models/resolve-model.ts";

function refusal(name: string | undefined, env: ModelEnvironment): string {
  try {
    return resolveModel(name, env).id;
  } catch (thrown) {
    if (!isPawlError(thrown)) throw thrown;
    return `${thrown.code}: ${thrown.message}`;
  }
}

const OPENAI = { OPENAI_API_KEY: "k1" };
const ANTHROPIC = { ANTHROPIC_API_KEY: "k2" };
const LOCAL = { PAWL_MODEL_BASE_URL: "http://127.0.0.1:1/v1" };

describe("which model is used", () => {
  it.each<[string | undefined, ModelEnvironment, string]>([
    [undefined, {}, "offline"],
    [undefined, { OPENAI_API_KEY: " ", PAWL_MODEL: "" }, "offline"],
    ["offline", OPENAI, "offline"],
    ["offline", LOCAL, "offline"],
    [undefined, OPENAI, DEFAULT_OPENAI_MODEL],
    [undefined, ANTHROPIC, DEFAULT_ANTHROPIC_MODEL],
    [undefined, { ...OPENAI, ...ANTHROPIC }, DEFAULT_OPENAI_MODEL],
    [undefined, { ...OPENAI, PAWL_MODEL: "offline" }, "offline"],
    [undefined, { ...OPENAI, PAWL_MODEL: "openai/gpt-5.4" }, "openai/gpt-5.4"],
    ["anthropic/claude-x", { ...ANTHROPIC, PAWL_MODEL: "offline" }, "anthropic/claude-x"],
    ["tiny", LOCAL, "tiny"],
    ["anthropic/claude-x", LOCAL, "anthropic/claude-x"],
    [undefined, { ...LOCAL, PAWL_MODEL: "tiny" }, "tiny"],
    ["tiny", { OPENAI_BASE_URL: "http://127.0.0.1:1/v1" }, "tiny"],
    ["openai/tiny", { OPENAI_BASE_URL: "http://127.0.0.1:1/v1" }, "openai/tiny"],
  ])("%s with %j is %s", (name, env, id) => {
    expect(refusal(name, env)).toBe(id);
  });

  it.each<[string | undefined, ModelEnvironment, RegExp]>([
    ["openai/gpt", {}, /^model_key_missing: .*OPENAI_API_KEY/],
    ["openai/gpt", ANTHROPIC, /^model_key_missing: .*OPENAI_API_KEY/],
    ["anthropic/claude", OPENAI, /^model_key_missing: .*ANTHROPIC_API_KEY/],
    ["gpt", OPENAI, /^model_unknown: There is no model "gpt": it names no provider.*--model/],
    ["mistral/large", OPENAI, /^model_unknown: .*mistral is not built in.*PAWL_MODEL_BASE_URL/],
    ["openai/", OPENAI, /^model_unknown: .*lacks the model's id/],
    [undefined, LOCAL, /^model_unknown: PAWL_MODEL_BASE_URL is set, but not which model/],
    [undefined, { ...OPENAI, OPENAI_BASE_URL: "http://h/v1" }, /^model_unknown: OPENAI_BASE_URL is set/],
    ["tiny", { PAWL_MODEL_BASE_URL: "localhost:11434/v1" }, /^model_base_url_invalid: PAWL_MODEL_BASE_URL/],
    ["tiny", { ...LOCAL, PAWL_MODEL_PRICE: "cheap" }, /^model_price_invalid/],
  ])("%s with %j is refused with what to do", (name, env, message) => {
    expect(refusal(name, env)).toMatch(message);
  });
});

describe("PAWL_MODEL_PRICE", () => {
  it("is in dollars per million tokens", () => {
    expect(parseModelPrice("0.25/2")).toEqual({ inputNanoUsd: 250, outputNanoUsd: 2000 });
    expect(parseModelPrice(" 3 / 15 / 0.3 ")).toEqual({
      inputNanoUsd: 3000,
      outputNanoUsd: 15_000,
      cachedInputNanoUsd: 300,
    });
  });

  it.each(["1", "1/", "-1/2", "1/2/3/4", "a/b", "1/Infinity"])("refuses %s", (text) => {
    expect(() => parseModelPrice(text)).toThrow(expect.objectContaining({ code: "model_price_invalid" }));
  });
});

describe("where the request goes", () => {
  interface Seen {
    readonly url: string;
    readonly key: string | undefined;
    readonly body: Record<string, unknown>;
  }
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (piece: string) => {
      text += piece;
    });
    request.on("end", () => {
      const key = request.headers.authorization ?? request.headers["x-api-key"];
      seen.push({ url: request.url ?? "", key: key?.toString(), body: JSON.parse(text) });
      if (request.url !== "/v1/chat/completions") {
        response.writeHead(401).end(`{"error":{"message":"no such key ${key}"}}`);
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      const chunk = {
        id: "c",
        created: 1,
        model: "tiny",
        choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }],
      };
      const usage = {
        id: "c",
        choices: [],
        usage: { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1010 },
      };
      response.end(`data: ${JSON.stringify(chunk)}\n\ndata: ${JSON.stringify(usage)}\n\ndata: [DONE]\n\n`);
    });
  });
  let url = "";
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  });
  afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  beforeEach(() => {
    seen.length = 0;
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.unstubAllEnvs();
  });

  const request: ModelRequest = {
    instructions: undefined,
    messages: [{ id: "u", role: "user", parts: [{ type: "text", text: "hi" }] }],
    tools: [],
    toolChoice: "auto",
  };
  const call = (model: Model) =>
    model.call(request, { signal: new AbortController().signal, onText: () => {} });

  it("any OpenAI-compatible server gets the name as it is, with its own key and price", async () => {
    const env = {
      ...OPENAI,
      PAWL_MODEL_BASE_URL: url,
      PAWL_MODEL_API_KEY: "local-key",
      PAWL_MODEL_PRICE: "1/10",
    };
    const result = await call(resolveModel("openai/tiny", env));
    expect(result).toMatchObject({
      ok: true,
      answer: {
        parts: [{ text: "Hi" }],
        usage: { inputTokens: 1000, outputTokens: 10, costNanoUsd: 1_100_000 },
      },
    });
    expect(seen).toMatchObject([
      { url: "/v1/chat/completions", key: "Bearer local-key", body: { model: "openai/tiny" } },
    ]);
  });

  it("OPENAI_BASE_URL gets the id without the provider, over chat completions, also without a key", async () => {
    expect((await call(resolveModel("openai/tiny", { OPENAI_BASE_URL: url }))).ok).toBe(true);
    expect((await call(resolveModel("org/tiny", { OPENAI_BASE_URL: url, OPENAI_API_KEY: "k1" }))).ok).toBe(
      true,
    );
    expect(seen).toMatchObject([
      { url: "/v1/chat/completions", key: undefined, body: { model: "tiny" } },
      { key: "Bearer k1", body: { model: "org/tiny" } },
    ]);
  });

  it("anthropic goes to Anthropic's wire, and a refused key is named by its variable only", async () => {
    const env = {
      ANTHROPIC_API_KEY: "hunter2-hunter2",
      ANTHROPIC_BASE_URL: url,
      OPENAI_BASE_URL: "http://127.0.0.1:1",
    };
    const result = await call(resolveModel("anthropic/claude-x", env));
    expect(seen).toMatchObject([
      { url: "/v1/messages", key: "hunter2-hunter2", body: { model: "claude-x" } },
    ]);
    expect(result).toMatchObject({ ok: false, failure: { code: "model_auth_failed", retryable: false } });
    expect(JSON.stringify(result)).toContain("ANTHROPIC_API_KEY");
    expect(JSON.stringify(result)).not.toContain("hunter2");
  });

  it.each([
    ["openai/gpt-x", "https://api.openai.com/v1/responses", { model: "gpt-x", store: false }],
    ["anthropic/claude-x", "https://api.anthropic.com/v1/messages", { model: "claude-x" }],
  ])("%s goes to its provider, whatever variables the process has besides", async (name, expected, body) => {
    vi.stubEnv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1");
    vi.stubEnv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1/v1");
    const asked: { url: string; body: unknown }[] = [];
    vi.stubGlobal("fetch", async (input: string | URL, init: RequestInit) => {
      asked.push({ url: String(input), body: JSON.parse(String(init.body)) });
      return new Response("{}", { status: 503 });
    });
    const result = await call(resolveModel(name, { ...OPENAI, ...ANTHROPIC }));
    expect(result).toMatchObject({ ok: false, failure: { code: "model_unavailable", retryable: true } });
    expect(asked).toMatchObject([{ url: expected, body }]);
  });
});
