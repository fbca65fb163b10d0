import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sanitizeServerName } from "../src/config/server-name.ts";
import { createNameTable } from "../src/tools/tool-names.ts";

const shown = (...servers: [string, ...string[]][]) =>
  createNameTable(servers.map(([server, ...tools]) => ({ server, tools }))).entries.map(({ name }) => name);

describe("M2: bare while unique", () => {
  test("two servers with the same tool are told apart, the rest stays bare", () => {
    expect(shown(["docs", "search", "read"], ["web", "search"])).toEqual([
      "docs__search",
      "read",
      "web__search",
    ]);
  });

  test("names of the host's own tools are not taken", () => {
    const table = createNameTable([{ server: "docs", tools: ["search"] }], new Set(["search"]));
    expect(table.entries[0]?.name).toBe("docs__search");
    expect(table.find("docs__search")?.original).toBe("search");
  });

  test("a bare name gives way to somebody's qualified name", () => {
    const table = createNameTable([
      { server: "a", tools: ["b"] },
      { server: "c", tools: ["a__b"] },
    ]);
    expect(table.find("a__b")).toMatchObject({ server: "a", original: "b" });
    expect(table.find("c__a__b")).toMatchObject({ server: "c", original: "a__b" });
  });
});

test("names that providers refuse are made safe, and a name that was safe keeps itself", () => {
  const table = createNameTable([
    { server: "s", tools: ["files.read", "files_read", "файл", "x".repeat(100)] },
  ]);
  expect(table.entries.map(({ name }) => name)).toEqual([
    expect.stringMatching(/^files_read_[0-9a-f]{6}$/),
    "files_read",
    "____",
    expect.stringMatching(/^x{57}_[0-9a-f]{6}$/),
  ]);
});

const tools = fc.uniqueArray(
  fc.oneof(
    fc.constantFrom(
      "a",
      "b",
      "a.b",
      "a_b",
      "a__b",
      "a/b",
      "x".repeat(64),
      "x".repeat(65),
      `${"x".repeat(64)}y`,
      "é",
      "_",
      "b__a",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 80 }),
  ),
  { maxLength: 12 },
);
const servers = fc.uniqueArray(
  fc.record({
    server: fc.oneof(fc.constantFrom("a", "b", "c-d", "mcp"), fc.string().map(sanitizeServerName)),
    tools,
  }),
  { maxLength: 5, selector: ({ server }) => server },
);

test("M1, M3: whatever servers call their tools, names are safe, unique and lead back", () => {
  fc.assert(
    fc.property(servers, fc.uniqueArray(fc.constantFrom("a", "a__b", "b")), (input, reserved) => {
      const table = createNameTable(input, new Set(reserved));
      const all = input.flatMap(({ server, tools }) => tools.map((original) => ({ server, original })));
      expect(table.entries).toHaveLength(all.length);
      expect(new Set(table.entries.map(({ name }) => name)).size).toBe(all.length);
      for (const entry of table.entries) {
        expect(entry.name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect(reserved).not.toContain(entry.name);
        expect(table.find(entry.name)).toBe(entry);
        expect(table.find(entry.qualified)).toBe(entry);
        expect(all).toContainEqual({ server: entry.server, original: entry.original });
      }
    }),
    { numRuns: 300 },
  );
});

test("M4: the order of servers changes nothing", () => {
  fc.assert(
    fc.property(servers, (input) => {
      expect(createNameTable([...input].reverse()).entries).toEqual(createNameTable(input).entries);
    }),
  );
});

test("server names: safe, without the separator, never empty, and stable", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const name = sanitizeServerName(text);
      expect(name).toMatch(/^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$/);
      expect(name).not.toContain("__");
      expect(sanitizeServerName(name)).toBe(name);
    }),
  );
});
