import { PawlError } from "../errors.ts";

/** Deeper nesting than any message has; beyond, engines run out of stack. */
export const MAX_JSON_DEPTH = 1_000;

/**
 * Canonical JSON of RFC 8785 (JCS): object members sorted by UTF-16 code units, numbers and strings as
 * ECMAScript serialises them. The same value gives the same text on any machine, so digests of it are portable.
 *
 * @throws PawlError `not_json` for what JSON cannot carry without loss (undefined, functions, NaN, infinities,
 * BigInt, lone surrogates, cycles, class instances) and for more than `MAX_JSON_DEPTH` levels; `details.path` is the JSON
 * Pointer of the culprit. An object member whose value is `undefined` is left out, as an absent optional.
 */
export function canonicalJson(value: unknown): string {
  return write(value, [], []);
}

/** Where the writer stands; it grows and shrinks with the nesting, so that no step copies it. */
type Path = (string | number)[];

function write(value: unknown, path: Path, open: object[]): string {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === "string") return writeString(value, path);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw notJson(String(value), path);
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw notJson(`a value of type ${typeof value}`, path);
  if (open.includes(value)) throw notJson("a cycle", path);
  if (open.length === MAX_JSON_DEPTH) throw notJson(`more than ${MAX_JSON_DEPTH} levels`, path);
  open.push(value);
  const text = Array.isArray(value) ? writeArray(value, path, open) : writeObject(value, path, open);
  open.pop();
  return text;
}

function writeString(text: string, path: Path): string {
  if (!text.isWellFormed()) throw notJson("a lone surrogate", path);
  return JSON.stringify(text);
}

function writeArray(items: readonly unknown[], path: Path, open: object[]): string {
  let text = "[";
  for (let i = 0; i < items.length; i++) {
    path.push(i);
    text += (i === 0 ? "" : ",") + write(items[i], path, open);
    path.pop();
  }
  return `${text}]`;
}

function writeObject(value: object, path: Path, open: object[]): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw notJson(`an instance of ${value.constructor?.name ?? "a class"}`, path);
  }
  // The default order of sort() is by UTF-16 code units, which is what RFC 8785 §3.2.3 asks for.
  const record = value as Record<string, unknown>;
  let text = "";
  const keys = Object.keys(record);
  if (!isSorted(keys)) keys.sort();
  for (const key of keys) {
    const member = record[key];
    if (member === undefined) continue;
    path.push(key);
    text += `${text === "" ? "" : ","}${writeString(key, path)}:${write(member, path, open)}`;
    path.pop();
  }
  return `{${text}}`;
}

/** Sorting costs more than looking, and most of what is written twice is written in order. */
function isSorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! > keys[i]!) return false;
  return true;
}

function notJson(what: string, path: Path): PawlError {
  const pointer = path.map((p) => `/${String(p).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return new PawlError("not_json", `Only plain JSON can be recorded; found ${what} at "${pointer}".`, {
    details: { path: pointer },
  });
}
