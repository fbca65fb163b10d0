import type { InputContent } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";

/**
 * Whether it is what the content of most inputs is, text and nothing else: that is seen without the decoders, which then need not be loaded. Whatever
 * else it may be, they tell.
 */
export function isPlainContent(content: unknown): content is InputContent {
  if (!isObject(content) || !Array.isArray(content.parts)) return false;
  return hasOnly(content, ["parts", "environment"]) && content.parts.every(isPlainText);
}

/** Of a row with an input, or with none, and perhaps with the request that it be cancelled: whether the decoders have to look at it. */
export function isInputDecoded({ input_id, content, cancel }: Row): boolean {
  if (input_id === null) return false;
  return !isPlainContent(content) || (cancel !== null && cancel !== undefined);
}

function isPlainText(part: unknown): boolean {
  return (
    isObject(part) && part.type === "text" && typeof part.text === "string" && hasOnly(part, ["type", "text"])
  );
}

function hasOnly(value: object, members: readonly string[]): boolean {
  return Object.keys(value).every((name) => members.includes(name));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
