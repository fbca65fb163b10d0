import { type EffectOutcome, type Json, MAX_ATTACHMENT_BYTES, PawlError, type ToolOutcome } from "@pawl/core";
import type { Attachments } from "@pawl/core/ports";

/** What a result may have in the log, in bytes of its JSON; what is larger is stored beside it. */
export const MAX_RESULT_BYTES = 256 * 1024;

/** What of a larger result the model and people see, in characters. */
const PREVIEW_CHARS = 2_000;

/** Longest message of an error, in characters. */
const MESSAGE_CHARS = 8_000;

/** Deeper than that no store keeps JSON. */
const MAX_DEPTH = 200;

/** Stands where a result was too large. The whole of it: `store.attachments.get(ref)`. */
export interface TruncatedResult {
  readonly truncated: true;
  /** `sha256:<hex>` of the text, or of the JSON of what was no text. */
  readonly ref: string;
  readonly bytes: number;
  readonly preview: string;
}

/**
 * The outcome with what is too large for a log row stored by reference, so that no tool's result, however large, stops its turn or fills
 * every model request that follows. Stored before the outcome is recorded: a reference in the log never dangles.
 */
export async function withoutLargeResults(
  outcome: EffectOutcome,
  attachments: Attachments,
  maxBytes: number,
): Promise<EffectOutcome> {
  const bounded = (value: Json) => boundedValue(value, attachments, maxBytes);
  switch (outcome.kind) {
    case "tool_call": {
      const { launch } = outcome;
      if (launch.status !== "done") return outcome;
      const result = await boundedResult(launch.result, bounded);
      return result === launch.result ? outcome : { ...outcome, launch: { ...launch, result } };
    }
    case "exec_code": {
      const { result } = outcome;
      if (!result.ok) return outcome;
      const value = await bounded(result.value);
      return value === result.value ? outcome : { ...outcome, result: { ok: true, value } };
    }
    default:
      return outcome;
  }
}

async function boundedResult(
  result: ToolOutcome,
  bounded: (value: Json) => Promise<Json>,
): Promise<ToolOutcome> {
  try {
    if (result.status === "ok") {
      const output = await bounded(result.output);
      return output === result.output ? result : { status: "ok", output };
    }
    if (result.status !== "error") return result;
    const message = cut(result.message, MESSAGE_CHARS);
    const output = result.output === undefined ? undefined : await bounded(result.output);
    if (message === result.message && output === result.output) return result;
    return { ...result, message, ...(output !== undefined && { output }) };
  } catch (thrown) {
    if (!(thrown instanceof Unstorable)) throw thrown;
    const message = `The tool ran, and what it returned cannot be kept: ${thrown.message}. Ask it for less.`;
    return { status: "error", code: "tool_output_too_large", message };
  }
}

class Unstorable extends Error {}

async function boundedValue(value: Json, attachments: Attachments, maxBytes: number): Promise<Json> {
  if (isSmall(value, maxBytes)) return value;
  const text = typeof value === "string" ? value : asJson(value);
  if (text.length * MOST_BYTES_OF_UNIT <= maxBytes && depthWithin(value, MAX_DEPTH)) return value;
  const content = new TextEncoder().encode(text);
  if (content.byteLength <= maxBytes && depthWithin(value, MAX_DEPTH)) return value;
  if (content.byteLength > MAX_ATTACHMENT_BYTES) throw new Unstorable(`${content.byteLength} bytes`);
  const mediaType = typeof value === "string" ? "text/plain;charset=utf-8" : "application/json";
  const { ref, bytes } = await attachments.put(content, mediaType);
  return { truncated: true, ref, bytes, preview: cut(text, PREVIEW_CHARS) } satisfies TruncatedResult;
}

/** A unit of UTF-16 becomes so many bytes of UTF-8 at most. */
const MOST_BYTES_OF_UNIT = 3;

/** Scalars and short text need no look at their JSON. */
function isSmall(value: Json, maxBytes: number): boolean {
  return typeof value === "string"
    ? value.length * MOST_BYTES_OF_UNIT <= maxBytes
    : typeof value !== "object" || value === null;
}

function asJson(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    // Deeper than the stack, or longer than a string can be.
    throw new Unstorable(PawlError.from(cause).message);
  }
}

function depthWithin(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((member: Json) => depthWithin(member, levels - 1));
}

/** Never in the middle of a pair of surrogates. */
function cut(text: string, chars: number): string {
  return text.length <= chars ? text : `${text.slice(0, chars).replace(/[\ud800-\udbff]$/, "")}…`;
}
