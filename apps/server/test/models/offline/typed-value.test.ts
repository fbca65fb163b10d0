import type { Json, JsonObject } from "@pawl/core";
import { describe, expect, it } from "vitest";
import { typedValue } from "../../../src/models/offline/typed-value.ts";

function read(text: string, property: Json | undefined, quoted = false, extra: JsonObject = {}): Json {
  const schema = property === undefined ? extra : { properties: { key: property }, ...extra };
  return typedValue({ key: "key", text, quoted }, schema);
}

describe("a value takes the type that the tool's schema asks for", () => {
  it.each<[string, Json, Json]>([
    ["12", { type: "string" }, "12"],
    ["true", { type: "string" }, "true"],
    ["{}", { type: "string" }, "{}"],
    ["12", { type: "number" }, 12],
    ["-1.5e3", { type: "number" }, -1500],
    ["12", { type: "integer" }, 12],
    ["true", { type: "boolean" }, true],
    ["null", { type: ["string", "null"] }, null],
    ["nil", { type: ["string", "null"] }, "nil"],
    ["12", { anyOf: [{ type: "string" }, { type: "number" }] }, 12],
    ["[1,2]", { type: "array", items: { type: "number" } }, [1, 2]],
    ['{"a":1}', { type: "object" }, { a: 1 }],
    ["1", { enum: ["1", "2"] }, "1"],
    ["1", { enum: [1, 2] }, 1],
    ["7", { const: 7 }, 7],
    ["12", { allOf: [{ description: "d" }, { type: "string" }] }, "12"],
    ["12", {}, 12],
    ["hello", {}, "hello"],
    ["twelve", { type: "number" }, "twelve"],
    ["1e999", { type: "number" }, "1e999"],
    ["[1e999]", {}, "[1e999]"],
  ])("%s for %j", (text, property, value) => {
    expect(read(text, property)).toEqual(value);
  });

  it("keeps quoted text a string wherever a string is admitted or nothing is said", () => {
    expect(read("12", { type: ["string", "number"] }, true)).toBe("12");
    expect(read("12", {}, true)).toBe("12");
    expect(read("12", { type: "number" }, true)).toBe(12);
    expect(read("[1]", { type: "array" }, true)).toEqual([1]);
  });

  it("follows references, also circular ones, and additionalProperties", () => {
    const $defs = { Name: { type: "string" }, Loop: { $ref: "#/$defs/Loop" } };
    expect(read("12", { $ref: "#/$defs/Name" }, false, { $defs })).toBe("12");
    expect(read("12", { $ref: "#/$defs/Loop" }, false, { $defs })).toBe(12);
    expect(read("12", { $ref: "#/$defs/None" }, false, { $defs })).toBe(12);
    expect(read("12", undefined, false, { additionalProperties: { type: "string" } })).toBe("12");
    expect(typedValue({ key: "key", text: "12", quoted: false }, undefined)).toBe(12);
  });

  it("does not take inherited names for properties", () => {
    const argument = { key: "constructor", text: "12", quoted: false };
    expect(typedValue(argument, { properties: {} })).toBe(12);
    expect(typedValue(argument, { properties: {}, additionalProperties: { type: "string" } })).toBe("12");
  });
});
