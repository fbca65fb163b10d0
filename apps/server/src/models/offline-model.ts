import {
  type AnswerPart,
  type CallId,
  callId,
  type ModelAnswer,
  type ModelRequest,
  type ToolCallPart,
  type ToolDefinition,
} from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { currentPrompt } from "./offline/current-prompt.ts";
import { type PlannedCall, parseProgram, type Step } from "./offline/parse-program.ts";
import { mistakeReply, talkReply, unperformedReply } from "./offline/replies.ts";
import { resultsSentence } from "./offline/results-sentence.ts";
import { typedValue } from "./offline/typed-value.ts";
import { wordUsage } from "./offline/word-usage.ts";

export const OFFLINE_MODEL_ID = "offline";

/** Text comes in a few pieces, so that streaming is seen without a network. */
const TEXT_DELTAS = 4;

/**
 * The built-in model: deterministic, without a network and without sense. It performs the tool calls that the prompt
 * spells out (see `parseProgram`) and tells what came of them; to anything else it answers who it is and how to
 * set a real model.
 *
 * O1 An answer is a function of the request alone: where a `then` chain stands is read from the messages since the
 *    last user message, so a replay, another process and another node go on in the same way.
 * O2 A tool that is not offered is called all the same: the turn machine's own answer names those that are, and
 *    the failure takes the path that it takes with every model. A chain goes on after a failed step.
 * O3 Without tools (`toolChoice: "none"`) it calls nothing and tells what there is.
 */
export function offlineModel(): Model {
  return {
    id: OFFLINE_MODEL_ID,
    async call(request, { signal, onText }) {
      const answer = answerOf(request);
      for (const part of answer.parts) {
        if (part.type !== "text") continue;
        for (const delta of deltasOf(part.text)) {
          if (signal.aborted) break;
          onText(delta);
          // Each delta is its own turn of the event loop's microtasks: an abort in between is seen.
          await Promise.resolve();
        }
      }
      if (!signal.aborted) return { ok: true, answer };
      const message = "The model call was cancelled.";
      return {
        ok: false,
        failure: { code: "model_cancelled", message, retryable: false, terminalReason: "cancelled" },
      };
    },
  };
}

function answerOf(request: ModelRequest): ModelAnswer {
  const { texts, answers, results } = currentPrompt(request.messages);
  const steps: Step[] = [];
  const replies: string[] = [];
  for (const text of texts.length === 0 ? [""] : texts) {
    const prompt = parseProgram(text);
    if (prompt.type === "program") steps.push(...prompt.steps);
    else replies.push(prompt.type === "mistake" ? mistakeReply(prompt.message) : talkReply(request.tools));
  }
  const next = steps[answers];
  if (next !== undefined && request.toolChoice !== "none") {
    const calls = next.map((call, index) => toolCall(request, call, index));
    return modelAnswer(request, calls, "tool_use");
  }
  const sentences = [resultsSentence(results)];
  if (next !== undefined) sentences.push(unperformedReply(steps.slice(answers)));
  const text = [...sentences, ...new Set(replies)].filter((part) => part !== "").join("\n\n");
  return modelAnswer(request, [{ type: "text", text }], "stop");
}

function modelAnswer(
  request: ModelRequest,
  parts: readonly AnswerPart[],
  terminalReason: "stop" | "tool_use",
): ModelAnswer {
  return { parts, terminalReason, usage: wordUsage(request, parts), model: OFFLINE_MODEL_ID };
}

function toolCall(request: ModelRequest, call: PlannedCall, index: number): ToolCallPart {
  const tool = offered(call.tool, request.tools);
  const entries = call.args.map((arg) => [arg.key, typedValue(arg, tool?.inputSchema)] as const);
  return {
    type: "tool_call",
    callId: callIdAt(request, index),
    name: tool?.name ?? call.tool,
    input: Object.fromEntries(entries),
  };
}

/** A transcript only grows, so its length names the answer within its session. */
function callIdAt(request: ModelRequest, index: number): CallId {
  return callId(`offline_${request.messages.length}_${index + 1}`);
}

/** The offered tool of that name, or the only one whose name ends in `__<name>` (tools of MCP servers). */
function offered(name: string, tools: readonly ToolDefinition[]): ToolDefinition | undefined {
  const exact = tools.find((tool) => tool.name === name);
  if (exact !== undefined) return exact;
  const [only, ...others] = tools.filter((tool) => tool.name.endsWith(`__${name}`));
  return others.length === 0 ? only : undefined;
}

/** The text in at most `TEXT_DELTAS` pieces that end at white space. */
function deltasOf(text: string): readonly string[] {
  const pieces = text.match(/\S*\s*/g)?.filter((piece) => piece !== "") ?? [];
  const size = Math.max(1, Math.ceil(pieces.length / TEXT_DELTAS));
  const deltas: string[] = [];
  for (let at = 0; at < pieces.length; at += size) deltas.push(pieces.slice(at, at + size).join(""));
  return deltas;
}
