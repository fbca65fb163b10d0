import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };

const source = join(import.meta.dirname, "../src");

/** Every module that importing this one loads: files of ours, and names of packages. */
function graphOf(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const text = readFileSync(file, "utf8");
    for (const match of text.matchAll(/^(?:import|export)\s(?!type\b)(?:[^;]*?\sfrom\s)?"([^"]+)"/gm)) {
      const name = match[1] as string;
      if (name.startsWith(".")) open.push(join(dirname(file), name));
      else packages.add(name);
    }
  }
  return { files, packages };
}

test.each(["client/index.ts", "index.ts", "transports/memory.ts", "transports/websocket-client.ts"])(
  "%s runs in a browser: zod and decimals at most, nothing of Node, no ws",
  (entry) => {
    const { packages, files } = graphOf(join(source, entry));
    for (const name of packages) expect(["zod", "decimal.js"]).toContain(name);
    for (const file of files)
      expect(readFileSync(file, "utf8")).not.toMatch(/\b(?:Buffer|process)\.\w|\bsetImmediate\(/);
  },
);

test("the looking itself finds what it is to find", () => {
  const { packages } = graphOf(join(source, "transports/websocket-server.ts"));
  expect(packages).toContain("ws");
  expect(packages).toContain("node:http");
});

test("the package imports nothing of ours, and every export leads somewhere", () => {
  for (const entry of ["index.ts", "server/index.ts", "conformance/index.ts", "persistence/index.ts"]) {
    for (const name of graphOf(join(source, entry)).packages) expect(name).not.toMatch(/^(?:@pawl\/|pawl$)/);
  }
  for (const [name, target] of Object.entries(manifest.exports)) {
    if (typeof target === "string") continue;
    const file = target.default.replace("./dist/", "").replace(/\.js$/, ".ts");
    expect(existsSync(join(source, file)), name).toBe(true);
  }
});

test("rules that decide read no clock and no randomness", () => {
  for (const folder of ["session", "jobs", "leases", "budgets"]) {
    const { files } = graphOf(join(source, "index.ts"));
    for (const file of files) {
      if (!file.includes(`/src/${folder}/`)) continue;
      expect(readFileSync(file, "utf8"), file).not.toMatch(
        /Date\.now|Math\.random|setTimeout|randomUUID|new Date\(\)/,
      );
    }
  }
  for (const file of ["server/connection.ts", "client/connection.ts"]) {
    expect(readFileSync(join(source, file), "utf8")).not.toMatch(
      /Date\.now|Math\.random|setTimeout|\bPromise\b|\bawait /,
    );
  }
});
