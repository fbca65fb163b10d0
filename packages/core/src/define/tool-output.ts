import { isPawlError, PawlError } from "../errors.ts";
import type { Json } from "../json.ts";

/**
 * A tool's output as JSON: `undefined` becomes null, and what has a `toJSON` (a Date, say) speaks for itself.
 *
 * @throws PawlError `tool_output_not_json` for what JSON would lose or cannot write: functions, maps, NaN, BigInt, cycles
 */
export function toolOutput(value: unknown): Json {
  if (value === undefined) return null;
  let text: string | undefined;
  try {
    text = JSON.stringify(value, refuseLoss);
  } catch (cause) {
    throw notJson(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (text === undefined) throw notJson(`a value of type ${typeof value}`);
  return JSON.parse(text) as Json;
}

function refuseLoss(key: string, value: unknown): unknown {
  if (typeof value === "function" || typeof value === "symbol")
    throw notJson(`a ${typeof value} at "${key}"`);
  if (value instanceof Map || value instanceof Set) throw notJson(`a ${value.constructor.name} at "${key}"`);
  if (typeof value === "number" && !Number.isFinite(value)) throw notJson(`${value} at "${key}"`);
  return value;
}

function notJson(what: string, cause?: unknown): PawlError {
  const message = `The tool ran, and returned what JSON cannot carry: ${what}. Let it return plain data.`;
  return isPawlError(cause, "tool_output_not_json")
    ? cause
    : new PawlError("tool_output_not_json", message, { cause });
}
