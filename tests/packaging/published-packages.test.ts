import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { checkPackage, createPackageFromTarballData, type Problem } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, describe, expect, it } from "vitest";
import testsManifest from "../package.json" with { type: "json" };
import { packagesOfTypes } from "./declared-types.ts";
import { installAlone } from "./install-alone.ts";
import { findPublished, onlyBegun, packAll } from "./packed-package.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const work = await mkdtemp(join(tmpdir(), "pawl-packaging-"));
afterAll(() => rm(work, { recursive: true, force: true }));

const published = await findPublished(root);
const begun = onlyBegun(published);
const packed = await packAll(root, begun, join(work, "packs"));

it("every published package is built before these tests and makes them run again", () => {
  const known = Object.keys(testsManifest.devDependencies);
  expect(known).toEqual(expect.arrayContaining(published.map(({ manifest }) => manifest.name)));
});

it.skip.each(published.filter((each) => !begun.includes(each)).map(({ manifest }) => manifest.name))(
  "%s, or something of ours that it needs, is not begun",
  () => undefined,
);

describe.each(packed)("$name", ({ folder, tarball, manifest, name }) => {
  it("is clean under publint", async () => {
    const bytes = await readFile(tarball);
    const { messages } = await publint({
      strict: true,
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
    });
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });

  it("has types that are right for ESM", async () => {
    const result = await checkPackage(createPackageFromTarballData(await readFile(tarball)));
    expect(result.types).toMatchObject({ kind: "included" });
    expect("problems" in result ? result.problems.filter(concernsEsm) : []).toEqual([]);
  });

  it("has types of no package that is not installed with it", async () => {
    const installed = { ...manifest.dependencies, ...manifest.peerDependencies };
    const used = await packagesOfTypes(folder, manifest);
    expect(used.filter((other) => installed[other] === undefined)).toEqual([]);
  });

  it("holds what its readers need and nothing else", async () => {
    const files = createPackageFromTarballData(await readFile(tarball)).listFiles();
    const inside = files.map((path) => path.replace(`/node_modules/${name}/`, ""));
    expect(inside).toEqual(
      expect.arrayContaining(["package.json", "LICENSE", "dist/index.js", "dist/index.d.ts"]),
    );
    const allowed = /^(package\.json|LICENSE|README\.md|CHANGELOG\.md|(dist|src|sql)\/.*)$/;
    expect(inside.filter((path) => !allowed.test(path) || /\.test\.|tsbuildinfo/.test(path))).toEqual([]);
  });

  it("is installed alone in an empty folder, and each of its entries is imported there", {
    timeout: 120_000,
  }, async () => {
    const consumer = join(work, "alone", name.replace("/", "-"));
    await installAlone(consumer, { name, folder, tarball, manifest }, packed);
    const entries = Object.keys(manifest.exports).map((subpath) => join(name, subpath));
    expect(entries).toContain(name);
    const { stdout } = await inNode(consumer, importAll(entries));
    const imported = JSON.parse(stdout) as Record<string, string[]>;
    expect(Object.keys(imported)).toEqual(entries);
    // Other entries may be types only.
    expect(imported[name]).not.toEqual([]);
    for (const command of Object.keys(manifest.bin ?? {})) {
      const { stdout: help } = await promisify(execFile)(
        join(consumer, "node_modules", ".bin", command),
        ["--help"],
        {
          env: { ...process.env, PATH: `${join(process.execPath, "..")}:${process.env.PATH}` },
        },
      );
      expect(help).toMatch(/usage/i);
    }
  });
});

/** Only those who import matter: there is no CommonJS build, and Node's old resolution knows no `exports`. */
function concernsEsm(problem: Problem): boolean {
  const ignored = ["node10", "node16-cjs"];
  return !("resolutionKind" in problem && ignored.includes(problem.resolutionKind));
}

/** A program that imports each entry and prints what it exports. */
function importAll(entries: readonly string[]): string {
  return `
    const imported = {};
    for (const entry of ${JSON.stringify(entries)})
      imported[entry] = Object.keys(
        await import(entry, entry.endsWith(".json") ? { with: { type: "json" } } : {}));
    console.log(JSON.stringify(imported));`;
}

function inNode(cwd: string, program: string): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { cwd });
}
