import { PawlError } from "@pawl/core";
import type { Delivery } from "@pawl/core/ports";

const DELIVERIES: readonly Delivery[] = ["next", "steer", "interrupt"];
const PART_TYPES: readonly unknown[] = ["text", "file", "image", "structured"];

/**
 * What a program without types may hand in, looked at before anything is stored: what is wrong with an input that was accepted would be found
 * by whoever drives it, and stand before all others of its session. @throws PawlError `input_invalid`
 */
export function checkInput(
  content: unknown,
  asked: { readonly delivery?: unknown; readonly idempotencyKey?: unknown; readonly at?: unknown },
): void {
  const { delivery, idempotencyKey, at } = asked;
  if (typeof content !== "string") checkParts(content);
  if (delivery !== undefined && !DELIVERIES.includes(delivery as Delivery)) {
    throw invalid(`\`delivery\` is one of ${DELIVERIES.map((name) => `"${name}"`).join(", ")}.`);
  }
  if (idempotencyKey !== undefined && (typeof idempotencyKey !== "string" || idempotencyKey === "")) {
    throw invalid(
      "`idempotencyKey` is a text that names this one request: leave it out where there is none.",
    );
  }
  if (at !== undefined && !(Number.isSafeInteger(at) && (at as number) >= 0)) {
    throw invalid("`at` is a time in whole milliseconds since the epoch, as `date.getTime()` gives it.");
  }
}

function checkParts(content: unknown): void {
  if (!Array.isArray(content)) throw invalid("The content is a text, or a list of parts.");
  for (const part of content as readonly unknown[]) {
    const { type, text } = (part ?? {}) as { readonly type?: unknown; readonly text?: unknown };
    if (!PART_TYPES.includes(type)) {
      throw invalid(`A part has one of the types ${PART_TYPES.map((name) => `"${name}"`).join(", ")}.`);
    }
    if (type === "text" && typeof text !== "string") throw invalid('A part of type "text" has its `text`.');
  }
}

function invalid(message: string): PawlError {
  return new PawlError("input_invalid", message, { blame: "peer" });
}
