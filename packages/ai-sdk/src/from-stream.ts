import type {
  LanguageModelV4StreamPart,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
} from "@ai-sdk/provider";
import type { AnswerPart, JsonObject, TerminalReason, ToolCallPart } from "@pawl/core";
import { brokenAnswer, unsupported } from "./errors.ts";
import { toTerminalReason } from "./finish-reason.ts";
import { storableText, wholeCharacters } from "./storable-text.ts";
import { toToolCallPart } from "./tool-call-part.ts";

export interface StreamedAnswer {
  readonly parts: readonly AnswerPart[];
  readonly terminalReason: TerminalReason;
  readonly usage: LanguageModelV4Usage;
  /** As the provider names it, when it does. */
  readonly modelId?: string;
}

interface Block {
  readonly type: "text" | "reasoning";
  text: string;
  provider: JsonObject | undefined;
}

export interface StreamOptions {
  readonly onText: (text: string) => void;
  /** Names a call that the provider sent without a usable id; `index` counts the calls of this answer from 0. */
  readonly callIdAt: (index: number) => string;
}

/**
 * Collects a stream into an answer. Parts stand in the order in which they began; text is handed to `onText` as it
 * comes. What the provider performed itself (its own tools, sources, raw chunks) leaves no part.
 *
 * @throws what the stream carries as an error
 * @throws PawlError `model_stream_broken` when the stream ends without a finish, `model_output_unsupported` for a
 *   generated file, `approval_unsupported` when the provider wants an approval for a tool of its own
 */
export async function answerFromStream(
  stream: AsyncIterable<LanguageModelV4StreamPart>,
  { onText, callIdAt }: StreamOptions,
): Promise<StreamedAnswer> {
  const entries: (Block | ToolCallPart)[] = [];
  const open = new Map<string, Block>();
  const show = wholeCharacters(onText);
  let finish: Extract<LanguageModelV4StreamPart, { type: "finish" }> | undefined;
  let modelId: string | undefined;
  let calls = 0;

  const blockOf = (type: Block["type"], id: string, facts: SharedV4ProviderMetadata | undefined): Block => {
    const key = `${type}:${id}`;
    const block = open.get(key) ?? { type, text: "", provider: undefined };
    if (!open.has(key)) entries.push(block);
    open.set(key, block);
    block.provider = mergeFacts(block.provider, facts);
    return block;
  };

  for await (const part of stream) {
    switch (part.type) {
      case "text-start":
      case "reasoning-start":
        blockOf(part.type === "text-start" ? "text" : "reasoning", part.id, part.providerMetadata);
        break;
      case "text-delta":
        blockOf("text", part.id, part.providerMetadata).text += part.delta;
        show(part.delta);
        break;
      case "reasoning-delta":
        blockOf("reasoning", part.id, part.providerMetadata).text += part.delta;
        break;
      case "text-end":
      case "reasoning-end": {
        const type = part.type === "text-end" ? "text" : "reasoning";
        blockOf(type, part.id, part.providerMetadata);
        // A provider may use the same id for a later block.
        open.delete(`${type}:${part.id}`);
        break;
      }
      case "tool-call":
        if (part.providerExecuted === true) break;
        entries.push(toToolCallPart(part, callIdAt(calls++)));
        break;
      case "response-metadata":
        modelId = part.modelId ?? modelId;
        break;
      case "finish":
        finish = part;
        break;
      case "error":
        throw part.error;
      case "file":
        throw unsupported(
          "model_output_unsupported",
          `The model answered with a file (${part.mediaType}); only text and tool calls can be kept. Use a model that answers in text.`,
        );
      case "tool-approval-request":
        throw unsupported(
          "approval_unsupported",
          "The provider asks for an approval of a tool that it runs itself; this is not supported. Offer the tool to the host instead.",
        );
    }
  }
  if (finish === undefined || finish.finishReason.unified === "interrupted") {
    throw brokenAnswer(
      "model_stream_broken",
      "The model's answer broke off before it was finished; try again.",
    );
  }
  if (finish.finishReason.unified === "error") {
    throw brokenAnswer("model_unavailable", "The provider ended the answer with an error; try again.");
  }
  return {
    parts: entries.map(toPart).filter((part) => part !== undefined),
    terminalReason: toTerminalReason(finish.finishReason, calls > 0),
    usage: finish.usage,
    ...(modelId !== undefined && { modelId }),
  };
}

/** A block without text is kept only for what its provider wants back (a signature, encrypted reasoning). */
function toPart(entry: Block | ToolCallPart): AnswerPart | undefined {
  if (entry.type === "tool_call") return entry;
  const { type, provider } = entry;
  const text = storableText(entry.text);
  if (text === "" && provider === undefined) return undefined;
  return { type, text, ...(provider !== undefined && { provider }) };
}

/** Facts of one block come in pieces: the id with its start, the signature with its end. */
function mergeFacts(
  known: JsonObject | undefined,
  more: SharedV4ProviderMetadata | undefined,
): JsonObject | undefined {
  if (more === undefined) return known;
  const merged: Record<string, JsonObject> = { ...(known as Record<string, JsonObject> | undefined) };
  for (const [provider, facts] of Object.entries(plainJson(more))) {
    merged[provider] = { ...merged[provider], ...facts };
  }
  return Object.keys(merged).length === 0 ? undefined : merged;
}

/** Provider facts may hold `undefined`, which JSON does not know. */
function plainJson(facts: SharedV4ProviderMetadata): Record<string, JsonObject> {
  return JSON.parse(JSON.stringify(facts)) as Record<string, JsonObject>;
}
