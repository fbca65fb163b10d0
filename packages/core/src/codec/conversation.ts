import { z } from "zod";
import type { Message } from "../conversation/message.ts";
import type { ModelAnswer, ModelFailure, TerminalReason } from "../conversation/model.ts";
import type {
  AnswerPart,
  FilePart,
  InputPart,
  ReasoningPart,
  StructuredPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from "../conversation/part.ts";
import type { ToolDefinition } from "../conversation/tool-definition.ts";
import type { Usage } from "../conversation/usage.ts";
import { callId, count, json, jsonObject, unionBy } from "./decoder.ts";

const provider = jsonObject.exactOptional();

const text: z.ZodType<TextPart> = z.looseObject({ type: z.literal("text"), text: z.string(), provider });
const reasoning: z.ZodType<ReasoningPart> = z.looseObject({
  type: z.literal("reasoning"),
  text: z.string(),
  provider,
});
const toolCall: z.ZodType<ToolCallPart> = z.looseObject({
  type: z.literal("tool_call"),
  callId,
  name: z.string(),
  input: json,
  malformed: z.literal(true).exactOptional(),
  provider,
});
const toolResult: z.ZodType<ToolResultPart> = z.looseObject({
  type: z.literal("tool_result"),
  callId,
  name: z.string(),
  status: z.enum(["ok", "error", "cancelled", "unknown"]),
  output: json,
});
const file: z.ZodType<FilePart> = z.looseObject({
  type: z.enum(["file", "image"]),
  ref: z.string(),
  mediaType: z.string(),
  bytes: count,
  name: z.string().exactOptional(),
});
const structured: z.ZodType<StructuredPart> = z.looseObject({ type: z.literal("structured"), value: json });

export const inputPart = unionBy<InputPart>()("type", { text, file, image: file, structured });
const answerPart = unionBy<AnswerPart>()("type", { text, reasoning, tool_call: toolCall, structured });

export const message = unionBy<Message>()("role", {
  user: z.looseObject({ id: z.string(), role: z.literal("user"), parts: z.array(inputPart) }),
  assistant: z.looseObject({ id: z.string(), role: z.literal("assistant"), parts: z.array(answerPart) }),
  tool: z.looseObject({ id: z.string(), role: z.literal("tool"), parts: z.array(toolResult) }),
});

export const usage: z.ZodType<Usage> = z.looseObject({
  modelCalls: count,
  inputTokens: count,
  outputTokens: count,
  reasoningTokens: count,
  cachedInputTokens: count,
  costNanoUsd: count.exactOptional(),
});

const terminalReason: z.ZodType<TerminalReason> = z.enum([
  "stop",
  "tool_use",
  "output_limit",
  "context_overflow",
  "content_filter",
  "provider_error",
  "cancelled",
  "unknown",
]);

export const modelAnswer: z.ZodType<ModelAnswer> = z.looseObject({
  parts: z.array(answerPart),
  terminalReason,
  usage,
  model: z.string(),
  outputIssue: z.string().exactOptional(),
});

export const modelFailure: z.ZodType<ModelFailure> = z.looseObject({
  message: z.string(),
  retryable: z.boolean(),
  terminalReason,
  code: z.string().exactOptional(),
  raw: z.string().exactOptional(),
  requestBody: z.string().exactOptional(),
  retryAfterMs: z.number().exactOptional(),
});

const hint = z.boolean().exactOptional();
export const toolDefinition: z.ZodType<ToolDefinition> = z.looseObject({
  name: z.string(),
  displayName: z.string().exactOptional(),
  description: z.string(),
  inputSchema: jsonObject,
  outputSchema: jsonObject.exactOptional(),
  onCrash: z.enum(["retry", "ask"]),
  policy: z.enum(["auto", "approval"]).exactOptional(),
  category: z.string().exactOptional(),
  deferrable: z.boolean().exactOptional(),
  composite: z.boolean().exactOptional(),
  reconciles: z.boolean().exactOptional(),
  hints: z
    .looseObject({ readOnly: hint, destructive: hint, idempotent: hint, openWorld: hint })
    .exactOptional(),
  retry: z.looseObject({ maxAttempts: count, baseMs: z.number(), maxMs: z.number() }).exactOptional(),
  timeoutMs: z.number().exactOptional(),
  delegate: z
    .looseObject({
      agent: z.string(),
      budget: z
        .looseObject({ tokens: count.exactOptional(), costNanoUsd: count.exactOptional() })
        .exactOptional(),
      tools: z.array(z.string()).exactOptional(),
    })
    .exactOptional(),
  source: jsonObject.exactOptional(),
});
