import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModelV4 } from "@ai-sdk/provider";

export const KEY = "sk-test-0123456789abcdefghij";

export type WireName = "OpenAI responses" | "OpenAI chat" | "Anthropic messages" | "OpenAI-compatible chat";
type Wire = (url: string, fetch?: typeof globalThis.fetch) => LanguageModelV4;

/** A provider's base URL and key, and `fetch` only where one is given. */
function settings(url: string, fetch: typeof globalThis.fetch | undefined) {
  return { baseURL: `${url}/v1`, apiKey: KEY, ...(fetch && { fetch }) };
}

/** One real provider package per wire, pointed at a local server. */
export const WIRES: Readonly<Record<WireName, Wire>> = {
  "OpenAI responses": (url, fetch) => createOpenAI(settings(url, fetch)).responses("gpt-5.4-mini"),
  "OpenAI chat": (url, fetch) => createOpenAI(settings(url, fetch)).chat("gpt-5.4-mini"),
  "Anthropic messages": (url, fetch) => createAnthropic(settings(url, fetch))("claude-haiku-4-5"),
  "OpenAI-compatible chat": (url, fetch) =>
    createOpenAICompatible({ name: "local", includeUsage: true, ...settings(url, fetch) })("tiny-llama"),
};

/** A `fetch` that keeps the bodies which the provider package sends, as they go over the wire. */
export function recordingFetch() {
  const bodies: string[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    bodies.push(String(init?.body));
    return globalThis.fetch(input, init);
  };
  return { fetch, last: () => bodies.at(-1) ?? "" };
}
