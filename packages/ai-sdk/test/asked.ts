import type { Message, ModelAnswer, ModelFailure, ModelRequest, ToolDefinition } from "@pawl/core";
import type { Model } from "@pawl/core/ports";

export function user(text: string): Message {
  return { id: "u", role: "user", parts: [{ type: "text", text }] };
}

export const WEATHER: ToolDefinition = {
  name: "get_weather",
  description: "The weather now",
  inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  onCrash: "retry",
};

export function request(messages: readonly Message[], rest: Partial<ModelRequest> = {}): ModelRequest {
  return { instructions: undefined, messages, tools: [], toolChoice: "auto", ...rest };
}

/** One call that must answer, with the text that it streamed. */
export async function ask(
  model: Model,
  asked: ModelRequest,
): Promise<{ readonly answer: ModelAnswer; readonly streamed: readonly string[] }> {
  const streamed: string[] = [];
  const context = {
    signal: new AbortController().signal,
    onText: (text: string) => void streamed.push(text),
  };
  const result = await model.call(asked, context);
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message} ${result.failure.raw}`);
  return { answer: result.answer, streamed };
}

/** One call that must fail. */
export async function fail(
  model: Model,
  asked: ModelRequest = request([user("hi")]),
  signal: AbortSignal = new AbortController().signal,
  onText: (text: string) => void = () => {},
): Promise<ModelFailure> {
  const result = await model.call(asked, { signal, onText });
  if (result.ok) throw new Error(`the call answered: ${JSON.stringify(result.answer)}`);
  return result.failure;
}
