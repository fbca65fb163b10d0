import {
  APICallError,
  LoadAPIKeyError,
  NoSuchModelError,
  UnsupportedFunctionalityError,
} from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { toFailure } from "../src/failure.ts";
import { redact } from "../src/redact.ts";
import { retryAfterMs } from "../src/retry-after.ts";

const context = { model: "openai/gpt", aborted: false, apiKeyVariable: "OPENAI_API_KEY" };

describe("a failure says what happened, what to do and whether to try again", () => {
  it.each<[string, unknown, string, boolean]>([
    [
      "a missing key",
      new LoadAPIKeyError({ message: "OpenAI API key is missing." }),
      "model_auth_failed",
      false,
    ],
    [
      "an unknown model",
      new NoSuchModelError({ modelId: "x", modelType: "languageModel" }),
      "model_not_found",
      false,
    ],
    [
      "an unsupported feature",
      new UnsupportedFunctionalityError({ functionality: "audio" }),
      "model_request_invalid",
      false,
    ],
    [
      "a frame with a status",
      { message: "busy", statusCode: 503, isRetryable: true, data: {} },
      "model_unavailable",
      true,
    ],
    [
      "a frame with a type",
      { type: "error", error: { type: "rate_limit_error", message: "slow" } },
      "model_rate_limited",
      true,
    ],
    [
      "a bad key behind a plain 400",
      { message: "API key not valid. Please pass a valid API key.", statusCode: 400 },
      "model_auth_failed",
      false,
    ],
    [
      "a general name with an exact status",
      { message: "No", type: "api_error", statusCode: 422 },
      "model_request_invalid",
      false,
    ],
    ["a frame without words", {}, "model_call_failed", false],
    ["a text", "socket hang up", "model_unavailable", true],
    ["nothing", undefined, "model_call_failed", false],
    ["a bug", new TypeError("x is not a function"), "model_call_failed", false],
    [
      "a lost network",
      new TypeError("fetch failed", { cause: new Error("getaddrinfo ENOTFOUND h") }),
      "model_unavailable",
      true,
    ],
  ])("%s", (_, thrown, code, retryable) => {
    const failure = toFailure(thrown, context);
    expect(failure).toMatchObject({ code, retryable, terminalReason: "provider_error" });
    expect(failure.message).toContain("openai/gpt");
  });

  it("an abort is a cancellation, whatever the provider says", () => {
    expect(toFailure(new Error("500"), { ...context, aborted: true })).toEqual({
      code: "model_cancelled",
      message: "The call of openai/gpt was cancelled.",
      retryable: false,
      terminalReason: "cancelled",
    });
  });

  it("keeps the provider's words, bounded and without secrets, and never the request", () => {
    const secret = "correct-horse";
    const thrown = new APICallError({
      message: `Bad key sk-proj-abcdefghijklmnop and ${secret} ${"x".repeat(2000)}`,
      url: "https://host/v1?key=abcdef",
      requestBodyValues: { messages: "the user's own words" },
      statusCode: 400,
      responseBody: `{"error":"Bearer abc.def ${secret}"}${"y".repeat(5000)}`,
    });
    const failure = toFailure(thrown, { ...context, secrets: [secret] });
    const text = JSON.stringify(failure);
    for (const hidden of [secret, "abcdefghijklmnop", "abc.def", "the user's own words"])
      expect(text).not.toContain(hidden);
    expect(failure.message.length).toBeLessThan(1000);
    expect(failure.raw?.length).toBeLessThanOrEqual(2001);
  });
});

describe("redact", () => {
  it.each([
    ["key sk-ant-api03-AbCdEf123456_-x end", "key [redacted] end"],
    ["AIzaSyA1234567890abcdefg", "[redacted]"],
    ["Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"],
    ["https://u:p4ss@host/x?api_key=zzz&a=1", "https://[redacted]@host/x?api_key=[redacted]&a=1"],
    ["eyJhbGciOi.eyJzdWIi.c2ln", "[redacted]"],
    ["skillfully-written-key keyboard-interactive", "skillfully-written-key keyboard-interactive"],
    ["The model gpt-5.4-mini has a skill", "The model gpt-5.4-mini has a skill"],
  ])("%s", (text, clean) => {
    expect(redact(text)).toBe(clean);
  });
});

describe("retryAfterMs", () => {
  it.each([
    [undefined, undefined],
    [{}, undefined],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after": "-5" }, undefined],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }, undefined],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT", date: "Wed, 21 Oct 2026 07:29:00 GMT" }, 0],
    [{ "retry-after-ms": "12.5" }, 13],
  ])("%j is %s", (headers, ms) => {
    expect(retryAfterMs(headers)).toBe(ms);
  });
});
