import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as mcp from "../src/index.ts";

const source = join(import.meta.dirname, "../src");

test("the public names", () => {
  expect(Object.keys(mcp).sort()).toEqual(["createMcpTools", "diffTools", "staticAuth"]);
});

test("every code that is thrown or reported is in the table of errors.ts, and the other way round", async () => {
  const files = (await readdir(source, { recursive: true })).filter((name) => name.endsWith(".ts"));
  const table = new Set((await readFile(join(source, "errors.ts"), "utf8")).match(/(?<=^ \* )mcp_[a-z_]+/gm));
  const used = new Set<string>();
  for (const file of files) {
    const text = (await readFile(join(source, file), "utf8")).replace(/^ \*.*$/gm, "");
    for (const [code] of text.matchAll(/(?<=")mcp_[a-z_]+(?=")/g)) used.add(code);
  }
  expect([...used].filter((code) => !table.has(code))).toEqual([]);
  expect([...table].filter((code) => !used.has(code))).toEqual([]);
});
