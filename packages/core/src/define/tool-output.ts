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
    const copy = copyOfPlain(value, 0);
    if (copy !== undefined) return copy;
    text = JSON.stringify(value, refuseLoss);
  } catch (cause) {
    throw notJson(cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (text === undefined) throw notJson(`a value of type ${typeof value}`);
  return JSON.parse(text) as Json;
}

/** What is deeper goes the long way, which also ends for cycles. */
const MAX_PLAIN_DEPTH = 20;

/**
 * A copy of what JSON would give back as it is, which most outputs are: a fraction of the cost of writing and reading it. @returns
 * undefined for what is not so plain
 */
function copyOfPlain(value: unknown, depth: number): Json | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  // JSON knows no negative zero.
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0) ? value : undefined;
  if (typeof value !== "object" || depth > MAX_PLAIN_DEPTH) return undefined;
  return Array.isArray(value) ? copyOfArray(value, depth) : copyOfObject(value, depth);
}

function copyOfArray(value: readonly unknown[], depth: number): Json | undefined {
  if (Object.getPrototypeOf(value) !== Array.prototype || "toJSON" in value) return undefined;
  const copies: Json[] = [];
  for (const item of value) {
    const copy = copyOfPlain(item, depth + 1);
    if (copy === undefined) return undefined;
    copies.push(copy);
  }
  return copies;
}

function copyOfObject(value: object, depth: number): Json | undefined {
  if (Object.getPrototypeOf(value) !== Object.prototype || "toJSON" in value) return undefined;
  const copies: { [name: string]: Json } = {};
  for (const name of Object.keys(value)) {
    const copy = copyOfPlain((value as Record<string, unknown>)[name], depth + 1);
    // A member of this name would not become one.
    if (copy === undefined || name === "__proto__") return undefined;
    copies[name] = copy;
  }
  return copies;
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
