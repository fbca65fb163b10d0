import { MAX_KEY_LENGTH } from "@pawl/core";
import { notStorable } from "./errors.ts";

/** Longest value, in UTF-16 code units of its strings and keys. */
export const MAX_VALUE_SIZE = 16 * 1024 * 1024;

const MAX_DEPTH = 500;

/** U+0000 and lone surrogates, as `JSON.stringify` writes them: one look at the whole is cheaper than one at each text in it. */
const SUSPECT = /\\u0000|\\ud[89a-f]/;

/**
 * The value as JSON text, as it is stored. Checked before anything is sent (D9): a value that the database would refuse must
 * not fail the others of its batch.
 *
 * @throws PawlError `not_storable` for U+0000, lone surrogates, what is not plain JSON and what is larger than `limit`
 */
export function storableJson(value: unknown, what: string, limit = MAX_VALUE_SIZE): string {
  let left = limit;
  let isSuspect = false;

  const checkText = (text: string): void => {
    left -= text.length;
    if (left < 0) throw notStorable(what, `more than ${limit} characters`);
    if (!isSuspect) return;
    if (text.includes("\u0000")) throw notStorable(what, "the character U+0000");
    if (!text.isWellFormed()) throw notStorable(what, "a lone surrogate");
  };

  const check = (value: unknown, depth: number): void => {
    if (value === null || typeof value === "boolean") return;
    if (typeof value === "number" && Number.isFinite(value)) return;
    if (typeof value === "string") {
      checkText(value);
      return;
    }
    if (typeof value !== "object") throw notStorable(what, `${String(value)}, which is not JSON`);
    if (depth > MAX_DEPTH) throw notStorable(what, `more than ${MAX_DEPTH} levels, or a cycle`);
    if (Array.isArray(value)) {
      for (const item of value) check(item, depth + 1);
      return;
    }
    const prototype = Object.getPrototypeOf(value);
    // The prototype of another realm's objects is not ours, and has none either.
    if (prototype !== Object.prototype && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw notStorable(what, `an instance of ${value.constructor?.name ?? "a class"}`);
    }
    for (const key of Object.keys(value)) {
      const member = (value as Record<string, unknown>)[key];
      if (member === undefined) continue;
      checkText(key);
      check(member, depth + 1);
    }
  };

  check(value, 0);
  const json = JSON.stringify(value);
  if (SUSPECT.test(json)) {
    // Which it is, if it is: text may also speak of such a character.
    isSuspect = true;
    left = limit;
    check(value, 0);
  }
  return json;
}

/** Text that stands in a column of its own. Throws as `storableJson`. */
export function storableText(text: string, what: string): string {
  if (text.length > MAX_VALUE_SIZE || text.includes("\u0000") || !text.isWellFormed())
    storableJson(text, what);
  return text;
}

/** Text that stands in an index, which has room for so much and no more. Throws as `storableJson`. */
export function storableKey(key: string, what: string): string {
  storableJson(key, what, MAX_KEY_LENGTH);
  return key;
}
