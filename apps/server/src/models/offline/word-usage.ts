import type { ModelRequest, Part, Usage } from "@pawl/core";

/** What an answer of the offline model counts as: one token a word, roughly, and no money. */
export function wordUsage(request: ModelRequest, answer: readonly Part[]): Usage {
  const asked = request.messages.reduce((sum, message) => sum + wordsIn(message.parts), 0);
  return {
    modelCalls: 1,
    inputTokens: words(request.instructions ?? "") + asked,
    outputTokens: wordsIn(answer),
    reasoningTokens: 0,
    cachedInputTokens: 0,
    costNanoUsd: 0,
  };
}

function wordsIn(parts: readonly Part[]): number {
  let sum = 0;
  for (const part of parts) sum += words(textOfPart(part));
  return sum;
}

function textOfPart(part: Part): string {
  switch (part.type) {
    case "text":
    case "reasoning":
      return part.text;
    case "tool_call":
      return `${part.name} ${JSON.stringify(part.input)}`;
    case "tool_result":
      return JSON.stringify(part.output);
    case "structured":
      return JSON.stringify(part.value);
    case "file":
    case "image":
      return "";
  }
}

function words(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}
