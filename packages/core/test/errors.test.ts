import { expect, test } from "vitest";
import { errorFacts, isPawlError, PawlError } from "../src/index.ts";

test("an error keeps its cause, its blame and its facts", () => {
  const cause = new Error("disk");
  const error = new PawlError("store_write_failed", "Write again.", {
    cause,
    blame: "infrastructure",
    details: { table: "log" },
  });
  expect(error).toMatchObject({
    name: "PawlError",
    code: "store_write_failed",
    message: "Write again.",
    blame: "infrastructure",
    details: { table: "log" },
    cause,
  });
  expect(new PawlError("c", "m").cause).toBeUndefined();
});

test("an error of another copy of this package is known too", () => {
  class PawlErrorOfAnotherCopy extends Error {
    override readonly name = "PawlError";
    readonly code = "store_fenced";
  }
  const other = new PawlErrorOfAnotherCopy("m");
  expect(isPawlError(other, "store_fenced")).toBe(true);
  expect(isPawlError(other, "store_conflict")).toBe(false);
  expect(PawlError.from(other)).toBe(other);
});

test.each([
  [new TypeError("x is not a function"), "x is not a function"],
  ["a string", "a string"],
  [undefined, "undefined"],
  [{ code: "ECONNREFUSED" }, "[object Object]"],
])("whatever was thrown becomes one (%j)", (thrown, message) => {
  expect(PawlError.from(thrown)).toMatchObject({ code: "internal_error", blame: "pawl" });
  expect(PawlError.from(thrown).cause).toBe(thrown);
  expect(errorFacts(thrown, "tool_failed")).toEqual({ code: "tool_failed", message });
});
