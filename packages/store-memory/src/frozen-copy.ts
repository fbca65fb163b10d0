import { MAX_KEY_LENGTH } from "@pawl/core";
import { notStorable } from "./errors.ts";

/** Longest value, in UTF-16 code units of its strings and keys. */
export const MAX_VALUE_SIZE = 16 * 1024 * 1024;

/**
 * A deeply frozen copy of plain JSON, so that neither the writer nor a reader can change what is stored. Members that are
 * `undefined` are left out, as in JSON.
 *
 * @throws PawlError `not_storable` for U+0000, lone surrogates, what is not plain JSON and what is larger than `limit`: the
 * same values that a database refuses.
 */
export function frozenCopy<T>(value: T, what: string, limit = MAX_VALUE_SIZE): T {
  let left = limit;

  function text(value: string): string {
    left -= value.length;
    if (left < 0) throw notStorable(what, `more than ${limit} characters`);
    if (value.includes("\u0000")) throw notStorable(what, "the character U+0000");
    if (!value.isWellFormed()) throw notStorable(what, "a lone surrogate");
    return value;
  }

  function copy(value: unknown, depth: number): unknown {
    if (value === null || typeof value === "boolean") return value;
    if (typeof value === "string") return text(value);
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (typeof value !== "object") throw notStorable(what, `${String(value)}, which is not JSON`);
    if (depth > 500) throw notStorable(what, "more than 500 levels, or a cycle");
    if (Array.isArray(value)) return Object.freeze(value.map((item) => copy(item, depth + 1)));
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      throw notStorable(what, `an instance of ${value.constructor?.name ?? "a class"}`);
    }
    const result: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const member = (value as Record<string, unknown>)[key];
      if (member === undefined) continue;
      // Plain assignment to "__proto__" would set the prototype.
      Object.defineProperty(result, text(key), {
        value: copy(member, depth + 1),
        enumerable: true,
      });
    }
    return Object.freeze(result);
  }

  return copy(value, 0) as T;
}

/** Text that stands in an index, where a database has room for so much and no more. */
export function storableKey(key: string, what: string): string {
  return frozenCopy(key, what, MAX_KEY_LENGTH);
}
