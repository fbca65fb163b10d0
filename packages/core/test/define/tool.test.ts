import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { canonicalJson, isPawlError, type Schema, tool, toolOutput, validate } from "../../src/index.ts";

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return isPawlError(error) ? error.code : "not ours";
  }
  return "nothing thrown";
}

const refund = tool({
  description: "Refund a customer",
  input: z.object({ cents: z.number().int().describe("How much"), note: z.string().optional() }),
  execute: ({ cents }) => ({ refunded: cents }),
});

describe("tool()", () => {
  test("is data: a JSON Schema of the arguments, ready to be hashed", () => {
    const definition = refund.define("refund");
    expect(definition).toMatchObject({
      name: "refund",
      description: "Refund a customer",
      onCrash: "ask",
      inputSchema: {
        type: "object",
        properties: { cents: { type: "integer", description: "How much" }, note: { type: "string" } },
        required: ["cents"],
      },
    });
    expect(canonicalJson(JSON.parse(JSON.stringify(definition)))).toBe(canonicalJson(definition));
  });

  test("a call whose end is not known is asked about, unless the tool says otherwise or only reads", () => {
    const spec = { description: "d", input: z.object({}), execute: () => 1 };
    expect(tool(spec).define("t").onCrash).toBe("ask");
    expect(tool({ ...spec, onCrash: "retry" }).define("t").onCrash).toBe("retry");
    expect(tool({ ...spec, hints: { readOnly: true } }).define("t").onCrash).toBe("retry");
    expect(tool({ ...spec, hints: { idempotent: true } }).define("t").onCrash).toBe("ask");
    expect(tool({ ...spec, hints: { readOnly: true }, onCrash: "ask" }).define("t").onCrash).toBe("ask");
  });

  test("carries what people and the runtime want to know", () => {
    const all = {
      displayName: "Refunds",
      category: "money",
      hints: { destructive: true },
      timeoutMs: 5_000,
    } as const;
    const made = tool({ description: "d", input: z.object({}), execute: () => 1, ...all });
    expect(made.define("t")).toMatchObject(all);
  });

  test.each(["", "a b", "dots.in.names", "ä", "x".repeat(65), "a/b"])("%j cannot be its name", (name) => {
    expect(codeOf(() => refund.define(name))).toBe("invalid_tool_name");
  });

  test("a schema that cannot describe itself is refused when the tool is defined", () => {
    const mute = { "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) } };
    for (const input of [mute, {}, undefined, z.object({ at: z.date() })]) {
      const spec = { description: "d", input: input as unknown as Schema, execute: () => 1 };
      expect(codeOf(() => tool(spec))).toBe("schema_unsupported");
    }
  });
});

describe("validate()", () => {
  test("gives the parsed value, or says where and what is wrong in one line per issue", async () => {
    expect(await validate(refund.input, { cents: 5, other: 1 })).toEqual({ ok: true, value: { cents: 5 } });
    const wrong = await validate(refund.input, { cents: "5", note: 7 });
    expect(wrong.ok || wrong.message.split("\n")).toMatchObject([
      expect.stringMatching(/^cents: /),
      expect.stringMatching(/^note: /),
    ]);
    const nothing = await validate(refund.input, null);
    expect(nothing.ok || nothing.message).toMatch(/expected object/i);
  });

  test("names elements of lists by their position", async () => {
    const list = z.object({ items: z.array(z.object({ id: z.string() })) });
    const wrong = await validate(list, { items: [{ id: "a" }, { id: 1 }] });
    expect(wrong.ok || wrong.message).toMatch(/^items\.1\.id: /);
  });
});

describe("toolOutput()", () => {
  test("is JSON: undefined becomes null, a Date speaks for itself", () => {
    expect(toolOutput(undefined)).toBeNull();
    expect(toolOutput({ at: new Date(0), gone: undefined, list: [1, "a", null] })).toEqual({
      at: "1970-01-01T00:00:00.000Z",
      list: [1, "a", null],
    });
  });

  test("is what writing and reading it as JSON gives, for whatever JSON can carry, and detached from it", () => {
    const awkward = fc.constantFrom(
      -0,
      [-0],
      { gone: undefined },
      new Date(0),
      Object.create(null),
      JSON.parse('{"__proto__":{"a":1}}'),
      { toJSON: () => "spoken" },
      Object.assign([1], { toJSON: () => "spoken" }),
      Object.assign(Object.create({ toJSON: () => "inherited" }), { a: 1 }),
      new (class Named {
        a = 1;
      })(),
      Object("boxed"),
      new Array(3),
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 30 },
        fc.jsonValue(),
        awkward,
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(fc.string(), tie("value"), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(value, (given) => {
        const output = toolOutput(given);
        expect(JSON.stringify(output)).toBe(JSON.stringify(given));
        if (typeof output === "object" && output !== null) expect(output).not.toBe(given);
      }),
    );
  });

  test("a member that throws has a code", () => {
    const throwing = {
      get secret(): string {
        throw new Error("not for you");
      },
    };
    expect(codeOf(() => toolOutput(throwing))).toBe("tool_output_not_json");
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  test.each([
    ["a function", () => 1],
    ["a function inside", { run: () => 1 }],
    ["a symbol", Symbol("s")],
    ["NaN", { n: Number.NaN }],
    ["BigInt", { n: 1n }],
    ["a cycle", cycle],
    ["a Map", { m: new Map([[1, 2]]) }],
    ["a Set", new Set([1])],
  ])("%s has a code, and is not lost in silence", (_, value) => {
    expect(codeOf(() => toolOutput(value))).toBe("tool_output_not_json");
  });
});
