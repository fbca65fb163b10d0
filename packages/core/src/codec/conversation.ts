import * as z from "zod/mini";
import type { Message } from "../conversation/message.ts";
import {
  type ModelAnswer,
  type ModelFailure,
  TERMINAL_REASONS,
  type TerminalReason,
} from "../conversation/model.ts";
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

const provider = z.exactOptional(jsonObject);

const text: z.ZodMiniType<TextPart> = z.looseObject({ type: z.literal("text"), text: z.string(), provider });
const reasoning: z.ZodMiniType<ReasoningPart> = z.looseObject({
  type: z.literal("reasoning"),
  text: z.string(),
  provider,
});
const toolCall: z.ZodMiniType<ToolCallPart> = z.looseObject({
  type: z.literal("tool_call"),
  callId,
  name: z.string(),
  input: json,
  malformed: z.exactOptional(z.literal(true)),
  provider,
});
const toolResult: z.ZodMiniType<ToolResultPart> = z.looseObject({
  type: z.literal("tool_result"),
  callId,
  name: z.string(),
  status: z.enum(["ok", "error", "cancelled", "unknown"]),
  output: json,
});
const file: z.ZodMiniType<FilePart> = z.looseObject({
  type: z.enum(["file", "image"]),
  ref: z.string(),
  mediaType: z.string(),
  bytes: count,
  name: z.exactOptional(z.string()),
});
const structured: z.ZodMiniType<StructuredPart> = z.looseObject({
  type: z.literal("structured"),
  value: json,
});

export const inputPart = unionBy<InputPart>()("type", { text, file, image: file, structured });
const answerPart = unionBy<AnswerPart>()("type", { text, reasoning, tool_call: toolCall, structured });

export const message = unionBy<Message>()("role", {
  user: z.looseObject({ id: z.string(), role: z.literal("user"), parts: z.array(inputPart) }),
  assistant: z.looseObject({ id: z.string(), role: z.literal("assistant"), parts: z.array(answerPart) }),
  tool: z.looseObject({ id: z.string(), role: z.literal("tool"), parts: z.array(toolResult) }),
});

export const usage: z.ZodMiniType<Usage> = z.looseObject({
  modelCalls: count,
  inputTokens: count,
  outputTokens: count,
  reasoningTokens: count,
  cachedInputTokens: count,
  costNanoUsd: z.exactOptional(count),
});

const terminalReason: z.ZodMiniType<TerminalReason> = z.enum(TERMINAL_REASONS);

export const modelAnswer: z.ZodMiniType<ModelAnswer> = z.looseObject({
  parts: z.array(answerPart),
  terminalReason,
  usage,
  model: z.string(),
  outputIssue: z.exactOptional(z.string()),
});

export const modelFailure: z.ZodMiniType<ModelFailure> = z.looseObject({
  message: z.string(),
  retryable: z.boolean(),
  terminalReason,
  code: z.exactOptional(z.string()),
  raw: z.exactOptional(z.string()),
  requestBody: z.exactOptional(z.string()),
  retryAfterMs: z.exactOptional(z.number()),
});

const hint = z.exactOptional(z.boolean());
export const toolDefinition: z.ZodMiniType<ToolDefinition> = z.looseObject({
  name: z.string(),
  displayName: z.exactOptional(z.string()),
  description: z.string(),
  inputSchema: jsonObject,
  outputSchema: z.exactOptional(jsonObject),
  onCrash: z.enum(["retry", "ask"]),
  policy: z.exactOptional(z.enum(["auto", "approval"])),
  category: z.exactOptional(z.string()),
  deferrable: z.exactOptional(z.boolean()),
  composite: z.exactOptional(z.boolean()),
  reconciles: z.exactOptional(z.boolean()),
  hints: z.exactOptional(
    z.looseObject({ readOnly: hint, destructive: hint, idempotent: hint, openWorld: hint }),
  ),
  retry: z.exactOptional(z.looseObject({ maxAttempts: count, baseMs: z.number(), maxMs: z.number() })),
  timeoutMs: z.exactOptional(z.number()),
  delegate: z.exactOptional(
    z.looseObject({
      agent: z.string(),
      budget: z.exactOptional(
        z.looseObject({ tokens: z.exactOptional(count), costNanoUsd: z.exactOptional(count) }),
      ),
      tools: z.exactOptional(z.array(z.string())),
    }),
  ),
  source: z.exactOptional(jsonObject),
});
