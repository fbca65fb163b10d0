import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { readConfig } from "../../src/config/read-config.ts";
import { configuredModel } from "../../src/config-file/configured-model.ts";

const own = { ...scriptedModel([]), id: "own/one" };
const idOf = (env: Record<string, string>, model: Parameters<typeof configuredModel>[1], name?: string) =>
  configuredModel(readConfig({ env, cwd: "/" }), model)(name).id;

describe("the model of a configuration file", () => {
  it("holds where neither flag nor variable names one", () => {
    expect(idOf({}, {})).toBe("offline");
    expect(idOf({ OPENAI_API_KEY: "x" }, { model: "offline" })).toBe("offline");
    expect(idOf({}, { model: own })).toBe("own/one");
    expect(idOf({ PAWL_MODEL: "offline" }, { model: own })).toBe("offline");
  });

  it("is one beside those that are built in", () => {
    expect(idOf({}, { model: own }, "own/one")).toBe("own/one");
    expect(idOf({}, { model: own }, "offline")).toBe("offline");
  });

  it("is looked for by a function first, and then among those that are built in", () => {
    const model = (name: string | undefined) => (name === "mine" || name === undefined ? own : undefined);
    expect(idOf({}, { model })).toBe("own/one");
    expect(idOf({}, { model }, "mine")).toBe("own/one");
    expect(idOf({}, { model }, "offline")).toBe("offline");
    expect(() => idOf({}, { model }, "nothing")).toThrow(expect.objectContaining({ code: "model_unknown" }));
  });
});
