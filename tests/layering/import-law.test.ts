import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { findViolations } from "./find-violations.ts";
import { floors } from "./floors.ts";
import { readSourcePackages, type SourcePackage } from "./source-package.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packages = await readSourcePackages(root);

it("nobody imports upward, siblings do not know one another, and core knows nobody", () => {
  expect(packages.map(({ name }) => name)).toContain("@pawl/core");
  expect(findViolations(packages)).toEqual([]);
});

it("the law itself has no way up and no way round: whoever is imported stands lower", () => {
  const height = (name: string) => {
    const floor = floors[name]?.floor;
    return typeof floor === "number" ? floor : 1;
  };
  for (const [name, { mayImport }] of Object.entries(floors))
    for (const imported of mayImport) {
      expect(Object.keys(floors), `${name} may import ${imported}`).toContain(imported);
      // One exception is meant: the CLI starts the server.
      if (name === "pawl" && imported === "@pawl/server") continue;
      // On the third floor http wraps host, and otel looks on.
      if (["@pawl/http", "@pawl/otel"].includes(name) && imported === "@pawl/host") continue;
      expect(height(imported), `${name} may import ${imported}`).toBeLessThan(height(name));
    }
});

/** A package with one file and, if it says so, dependencies. */
function broken(name: string, path: string, text: string, dependencies: string[] = []): SourcePackage {
  const manifest = { name, dependencies: Object.fromEntries(dependencies.map((each) => [each, "1"])) };
  return { name, manifest, sources: { [path]: text } };
}

it.each<[string, SourcePackage, string[]]>([
  [
    "core imports a package of ours",
    broken("@pawl/core", "src/a.ts", 'import { x } from "@pawl/effects";', ["@pawl/effects"]),
    [
      "@pawl/core depends on @pawl/effects in its package.json and may not",
      "@pawl/core src/a.ts may not import @pawl/effects",
    ],
  ],
  [
    "a sibling by a type import and its subpath",
    broken("@pawl/store-memory", "src/a.ts", 'import type { X } from "@pawl/store-postgres/rows";'),
    ["@pawl/store-memory src/a.ts may not import @pawl/store-postgres"],
  ],
  [
    "a sibling by re-export, dynamic import and import type",
    broken(
      "@pawl/mcp",
      "src/a.ts",
      'export * from "@pawl/host"; await import("@pawl/http"); export type T = import("@pawl/ai-sdk").T;',
    ),
    [
      "@pawl/mcp src/a.ts may not import @pawl/ai-sdk",
      "@pawl/mcp src/a.ts may not import @pawl/host",
      "@pawl/mcp src/a.ts may not import @pawl/http",
    ],
  ],
  [
    "a package that does not exist yet",
    broken("@pawl/effects", "src/a.ts", 'import "@pawl/effects-restate";'),
    ["@pawl/effects src/a.ts may not import @pawl/effects-restate"],
  ],
  [
    "Node in core, with and without its prefix",
    broken("@pawl/core", "src/a.ts", 'import "node:fs"; import { join } from "path"; export { join };'),
    ["@pawl/core src/a.ts needs Node: node:fs", "@pawl/core src/a.ts needs Node: path"],
  ],
  [
    "a library that is not declared",
    broken("@pawl/http", "src/a.ts", 'import { z } from "zod";'),
    ["@pawl/http src/a.ts imports zod, which its package.json does not depend on"],
  ],
  [
    "a file of another package, and an import without its ending",
    broken("@pawl/host", "src/a.ts", 'import "../../core/src/a.ts"; import "./b";'),
    [
      "@pawl/host src/a.ts imports without a file ending: ./b",
      "@pawl/host src/a.ts reaches out of src: ../../core/src/a.ts",
    ],
  ],
  [
    "clocks, timers and randomness in core",
    broken(
      "@pawl/core",
      "src/waits/a.ts",
      "export const all = [Date.now(), new Date(), Date(), Math.random(), crypto.randomUUID(), performance.now()]; setTimeout(() => 1);",
    ),
    [
      "@pawl/core src/waits/a.ts reads the world: Date()",
      "@pawl/core src/waits/a.ts reads the world: Date.now",
      "@pawl/core src/waits/a.ts reads the world: Math.random",
      "@pawl/core src/waits/a.ts reads the world: crypto",
      "@pawl/core src/waits/a.ts reads the world: new Date()",
      "@pawl/core src/waits/a.ts reads the world: performance",
      "@pawl/core src/waits/a.ts reads the world: setTimeout",
    ],
  ],
  [
    "a promise in the turn machine",
    broken(
      "@pawl/core",
      "src/turn/a.ts",
      "export async function f(p: Promise<void>) { await p; for await (const x of [p]) x; }",
    ),
    [
      "@pawl/core src/turn/a.ts waits: Promise",
      "@pawl/core src/turn/a.ts waits: async",
      "@pawl/core src/turn/a.ts waits: await",
      "@pawl/core src/turn/a.ts waits: for await",
    ],
  ],
  [
    "a package without a place",
    broken("@pawl/new", "src/a.ts", ""),
    ["@pawl/new has no place in tests/layering/floors.ts"],
  ],
])("the law bites: %s", (_, each, violations) => {
  expect(findViolations([each, broken("@pawl/effects", "src/index.ts", "")])).toEqual(violations);
});

it("what only looks like a violation is none", () => {
  const text = `
    // import "node:fs"; Date.now(); await nothing
    export const text = "setTimeout and @pawl/host";
    export interface Clock { readonly performance: number; crypto(): void }
    export const read = (clock: Clock, at: number) => [clock.performance, new Date(at).toISOString(), Date.UTC(2020)];
  `;
  expect(findViolations([broken("@pawl/core", "src/turn/a.ts", text)])).toEqual([]);
});
