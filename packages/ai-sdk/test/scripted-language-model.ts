import type {
  LanguageModelV4CallOptions,
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
} from "@ai-sdk/provider";
import { convertArrayToReadableStream, MockLanguageModelV4 } from "ai/test";

export const USAGE: LanguageModelV4Usage = {
  inputTokens: { total: 10, noCache: 6, cacheRead: 4, cacheWrite: 0 },
  outputTokens: { total: 5, text: 3, reasoning: 2 },
};

export const FINISH: LanguageModelV4StreamPart = {
  type: "finish",
  finishReason: { unified: "stop", raw: "stop" },
  usage: USAGE,
};

/** The AI SDK's own mock, which streams these parts; `asked` keeps what it was asked. */
export function scripted(parts: readonly LanguageModelV4StreamPart[], provider = "scripted.chat") {
  const asked: LanguageModelV4CallOptions[] = [];
  const languageModel = new MockLanguageModelV4({
    provider,
    modelId: "m1",
    doStream: async (options) => {
      asked.push(options);
      return { stream: convertArrayToReadableStream([...parts]) };
    },
  });
  return { languageModel, asked };
}
