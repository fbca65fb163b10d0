import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, expect, it } from "vitest";
import { bundlePackage } from "../src/bundle-package.ts";

const folders: string[] = [];
afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true }))));

const MANIFEST = {
  name: "counter",
  type: "module",
  exports: {
    ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
    "./more": { types: "./dist/more/index.d.ts", default: "./dist/more/index.js" },
    "./package.json": "./package.json",
  },
  bin: { count: "dist/bin.js" },
};
const SOURCES = {
  "package.json": JSON.stringify(MANIFEST),
  "src/state.ts": "export class Counted extends Error {}\nexport const state: { n: number } = { n: 0 };\n",
  "src/index.ts": `import { join } from "node:path";
import { state } from "./state.ts";
export { Counted } from "./state.ts";
/** Counts – and says so. */
export function count(): string {
  state.n += 1;
  return join("–", String(state.n));
}
export const rare = async () => (await import("./rare.ts")).rare;
export function fails(): never {
  throw new TypeError("It fails.");
}
`,
  "src/more/index.ts": 'export { Counted, state } from "../state.ts";\n',
  "src/rare.ts": 'export const rare = new URL(".", import.meta.url).href;\n',
  "src/bin.ts": '#!/usr/bin/env node\nimport { count } from "./index.ts";\nconsole.log(count());\n',
};

async function bundled(sources: Record<string, string> = SOURCES): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pawl-bundle-"));
  folders.push(folder);
  for (const [path, text] of Object.entries(sources)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await mkdir(join(folder, "dist"), { recursive: true });
  await writeFile(join(folder, "dist", "old.js"), "");
  await bundlePackage(folder);
  return folder;
}

const load = (folder: string, file: string) => import(pathToFileURL(join(folder, "dist", file)).href);

it("what entries share is there once: state and classes are the same from both", async () => {
  const folder = await bundled();
  const [one, more] = [await load(folder, "index.js"), await load(folder, "more/index.js")];
  expect(one.count()).toBe("–/1");
  expect(more.state.n).toBe(1);
  expect(more.Counted).toBe(one.Counted);
});

it("all that any two entries share is one file, beside those of the entries", async () => {
  const folder = await bundled({
    ...SOURCES,
    "src/other.ts": "export const other = 1;\n",
    "src/index.ts": `export { other } from "./other.ts";\n${SOURCES["src/index.ts"]}`,
    "src/bin.ts":
      'import { count, other } from "./index.ts";\nimport "./state.ts";\nconsole.log(count(), other);\n',
  });
  const files = (await readdir(join(folder, "dist"))).filter((file) => /^[a-z]+-.{8}\.js$/.test(file));
  expect(files.map((file) => file.split("-")[0]).sort()).toEqual(["rare", "shared"]);
  expect(await load(folder, "index.js")).toMatchObject({ other: 1 });
});

it("only what is promised, shared or loaded later is a file, and what lay there before is gone", async () => {
  const files = (await readdir(join(await bundled(), "dist"), { recursive: true })).filter((file) =>
    file.endsWith(".js"),
  );
  const known = files.map((file) => file.replace(/-[\w-]{8}\.js$/, "-#.js")).sort();
  expect(known).toEqual(["bin.js", "index.js", "more/index.js", "rare-#.js", "shared-#.js"]);
});

it("what is loaded later lies at the top of dist, as far from other folders as the top of src", async () => {
  const folder = await bundled();
  expect(await (await load(folder, "index.js")).rare()).toBe(`${pathToFileURL(join(folder, "dist")).href}/`);
});

it("keeps names, lines and the first line of programs, drops comments, and writes ASCII", async () => {
  const folder = await bundled();
  const text = await readFile(join(folder, "dist", "index.js"), "utf8");
  expect(text).toMatch(/^function fails\(\) \{$/m);
  expect(text).not.toContain("and says so");
  expect(text).toMatch(/^[\n\t\x20-\x7e]*$/);
  expect(await readFile(join(folder, "dist", "bin.js"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
});

it("maps lead to the sources, which they do not repeat", async () => {
  const folder = await bundled();
  const map = JSON.parse(await readFile(join(folder, "dist", "index.js.map"), "utf8"));
  expect(map.sources).toContain("../src/index.ts");
  expect(map.sourcesContent ?? []).toEqual([]);
});

it("a warning fails the build", async () => {
  const warned = bundled({ ...SOURCES, "src/rare.ts": 'export const rare = eval("1");\n' });
  await expect(warned).rejects.toThrow(/eval/);
});
