import type { CallId } from "../ids.ts";
import type { Json, JsonObject } from "../json.ts";

/** Opaque facts that a model provider wants back with its own part (signatures, item ids). */
export interface ProviderFacts {
  readonly provider?: JsonObject;
}

export interface TextPart extends ProviderFacts {
  readonly type: "text";
  readonly text: string;
}

export interface ReasoningPart extends ProviderFacts {
  readonly type: "reasoning";
  readonly text: string;
}

export interface ToolCallPart extends ProviderFacts {
  readonly type: "tool_call";
  readonly callId: CallId;
  /** The name that the model used; it may be unknown. */
  readonly name: string;
  readonly input: Json;
  /** Set when the arguments were not JSON: `input` is then the text as it came, and the call is answered as failed. */
  readonly malformed?: true;
}

/**
 * How a tool call ended. `unknown` means that nobody can say whether it happened; `cancelled` says in `certainty`
 * what is known of it.
 */
export type ToolResultStatus = "ok" | "error" | "cancelled" | "unknown";

export interface ToolResultPart {
  readonly type: "tool_result";
  readonly callId: CallId;
  readonly name: string;
  readonly status: ToolResultStatus;
  /** For `ok` what the tool returned, else `{ code, message, … }`. */
  readonly output: Json;
}

/** Bytes live in the attachment store; messages carry the reference. */
export interface FilePart {
  readonly type: "file" | "image";
  /** `sha256:<hex>` of the bytes. */
  readonly ref: string;
  readonly mediaType: string;
  readonly bytes: number;
  readonly name?: string;
}

export interface StructuredPart {
  readonly type: "structured";
  readonly value: Json;
}

export type Part = TextPart | ReasoningPart | ToolCallPart | ToolResultPart | FilePart | StructuredPart;

/** Parts that a person or a host may send into a session. */
export type InputPart = TextPart | FilePart | StructuredPart;

/** Parts that a model may answer with. */
export type AnswerPart = TextPart | ReasoningPart | ToolCallPart | StructuredPart;
