import { type Json, type ModelAnswer, type ModelResult, TERMINAL_REASONS, type Usage } from "@pawl/core";

const REASONS: ReadonlySet<unknown> = new Set(TERMINAL_REASONS);
const COUNTS = [
  "modelCalls",
  "inputTokens",
  "outputTokens",
  "reasoningTokens",
  "cachedInputTokens",
] as const satisfies readonly (keyof Usage)[];

/**
 * What a model came to, looked at where it comes in: a `Model` of one's own may not keep to its type, and what no store keeps would be found
 * when the turn is committed, which calls the model again and again. One that is broken becomes a failure that says how.
 */
export function checkedAnswer(result: ModelResult): ModelResult {
  const fault = faultOf(result);
  if (fault === undefined) return result;
  const message = `The model's \`call\` resolved to what is no answer: ${fault}. Mend the \`Model\`; it is not called again.`;
  return {
    ok: false,
    failure: { message, code: "model_answer_invalid", retryable: false, terminalReason: "provider_error" },
  };
}

function faultOf(result: ModelResult): string | undefined {
  if (result?.ok === true)
    return isObject(result.answer) ? faultOfAnswer(result.answer) : "it has no `answer`";
  if (result?.ok !== false) return "`ok` is neither true nor false";
  const { failure } = result;
  const says =
    isObject(failure) && typeof failure.message === "string" && typeof failure.retryable === "boolean";
  return says && REASONS.has(failure.terminalReason)
    ? undefined
    : "its `failure` has no `message`, `retryable` or `terminalReason`";
}

function faultOfAnswer({ parts, terminalReason, usage, model }: ModelAnswer): string | undefined {
  if (!Array.isArray(parts)) return "its `parts` are no list";
  for (const [index, part] of parts.entries()) {
    const fault = faultOfPart(part);
    if (fault !== undefined) return `part ${index} ${fault}`;
  }
  if (!REASONS.has(terminalReason)) return `its \`terminalReason\` is ${JSON.stringify(terminalReason)}`;
  if (typeof model !== "string") return "its `model` is no text";
  if (!isObject(usage)) return "it has no `usage`";
  const { costNanoUsd = 0 } = usage;
  const count = COUNTS.find((name) => !isCount(usage[name]));
  if (count !== undefined) return `its \`usage.${count}\` is no whole number of at least 0`;
  return isCount(costNanoUsd) ? undefined : "its `usage.costNanoUsd` is no whole number of at least 0";
}

function faultOfPart(part: ModelAnswer["parts"][number]): string | undefined {
  switch (part?.type) {
    case "text":
    case "reasoning":
      return typeof part.text === "string" ? undefined : "has no `text`";
    case "tool_call":
      if (typeof part.callId !== "string" || part.callId === "") return "has no `callId`";
      if (typeof part.name !== "string") return "has no `name`";
      return isJson(part.input) ? undefined : "has an `input` that is not JSON";
    case "structured":
      return isJson(part.value) ? undefined : "has a `value` that is not JSON";
    default:
      return "is none of text, reasoning, tool_call and structured";
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Deeper is a cycle, or no argument that anybody meant. */
const MAX_DEPTH = 500;

/** Whether JSON carries it as it is; what JSON leaves out (a member that is undefined) it may have. */
function isJson(value: unknown, depth = 0): value is Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || depth > MAX_DEPTH) return false;
  return Object.values(value).every((member) => member === undefined || isJson(member, depth + 1));
}
