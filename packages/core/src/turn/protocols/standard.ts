import type { ModelAnswer, TerminalReason } from "../../conversation/model.ts";
import type { ToolCallPart } from "../../conversation/part.ts";
import type { TurnAction, TurnProtocol } from "./turn-protocol.ts";

/** Answers that end a turn although the model did answer: the same request would end the same way. */
const REFUSED: { readonly [Reason in TerminalReason]?: string } = {
  output_limit:
    "The model's answer was cut off at its output limit. Raise the limit or ask for less at once.",
  context_overflow:
    "The conversation does not fit into the model's context. Start a new session or shorten it.",
  content_filter: "The model's provider filtered the answer. Rephrase the request.",
  provider_error: "The model's provider broke off the answer. Send the input again.",
};

/** Native tool calling: call the model, run the tools that it asks for, call it again, until it answers without tools. */
export function standard(): TurnProtocol {
  return {
    name: "standard",
    prepareIteration: () => ({ type: "call_model" }),
    modelAnswered: ({ config }, answer) => decide(answer, config.output !== undefined),
    toolsAnswered: () => ({ type: "next_iteration" }),
    codeAnswered: () => ({ type: "next_iteration" }),
  };
}

function decide(answer: ModelAnswer, wantsOutput: boolean): TurnAction {
  const refusal = REFUSED[answer.terminalReason];
  if (refusal !== undefined) {
    return { type: "fail", code: `model_${answer.terminalReason}`, message: refusal };
  }
  const calls = answer.parts.filter((part): part is ToolCallPart => part.type === "tool_call");
  if (calls.length > 0) return { type: "run_tools", calls };
  let text = "";
  for (const part of answer.parts) if (part.type === "text") text += part.text;
  const structured = answer.parts.find((part) => part.type === "structured");
  if (structured) {
    const { value } = structured;
    return {
      type: "complete",
      text: wantsOutput && text === "" ? JSON.stringify(value) : text,
      output: value,
    };
  }
  if (text.trim() === "") return { type: "call_model_again" };
  if (wantsOutput) return { type: "repair_output", issue: answer.outputIssue ?? "It is not JSON." };
  return { type: "complete", text };
}
