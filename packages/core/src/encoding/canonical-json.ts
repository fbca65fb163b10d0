import { PawlError } from "../errors.ts";

/**
 * Canonical JSON of RFC 8785 (JCS): object members sorted by UTF-16 code units, numbers and strings as
 * ECMAScript serialises them. The same value gives the same text on any machine, so digests of it are portable.
 *
 * @throws PawlError `not_json` for what JSON cannot carry without loss (undefined, functions, NaN, infinities,
 * BigInt, lone surrogates, cycles, class instances); `details.path` is the JSON Pointer of the culprit. An object member whose
 * value is `undefined` is left out, as an absent optional.
 */
export function canonicalJson(value: unknown): string {
  return write(value, [], new Set());
}

type Path = readonly (string | number)[];

function write(value: unknown, path: Path, open: Set<object>): string {
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === "string") return writeString(value, path);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw notJson(String(value), path);
    return JSON.stringify(value);
  }
  if (typeof value !== "object") throw notJson(`a ${typeof value}`, path);
  if (open.has(value)) throw notJson("a cycle", path);
  open.add(value);
  const text = Array.isArray(value) ? writeArray(value, path, open) : writeObject(value, path, open);
  open.delete(value);
  return text;
}

function writeString(text: string, path: Path): string {
  if (!text.isWellFormed()) throw notJson("a lone surrogate", path);
  return JSON.stringify(text);
}

function writeArray(items: readonly unknown[], path: Path, open: Set<object>): string {
  let text = "[";
  for (let i = 0; i < items.length; i++) {
    text += (i === 0 ? "" : ",") + write(items[i], [...path, i], open);
  }
  return `${text}]`;
}

function writeObject(value: object, path: Path, open: Set<object>): string {
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw notJson(`an instance of ${value.constructor?.name ?? "a class"}`, path);
  }
  // The default order of sort() is by UTF-16 code units, which is what RFC 8785 §3.2.3 asks for.
  const record = value as Record<string, unknown>;
  let text = "";
  for (const key of Object.keys(record).sort()) {
    const member = record[key];
    if (member === undefined) continue;
    text += `${text === "" ? "" : ","}${writeString(key, path)}:${write(member, [...path, key], open)}`;
  }
  return `{${text}}`;
}

function notJson(what: string, path: Path): PawlError {
  const pointer = path.map((p) => `/${String(p).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return new PawlError("not_json", `Only plain JSON can be recorded; found ${what} at "${pointer}".`, {
    details: { path: pointer },
  });
}
