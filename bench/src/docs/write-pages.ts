import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import type { Cell } from "../cell.ts";
import type { Figure } from "../figure.ts";
import { commitLine, machineLine, ROOT, versions } from "../machine-facts.ts";
import type { Measured } from "../run-cell.ts";
import { indexPage } from "./index-page.ts";
import { pageOf } from "./page.ts";
import { plotsOf } from "./plots.ts";

const FOLDER = join(ROOT, "docs", "benchmarks");

/** Writes the page, the plots and the JSON lines of one cell, and the index of all. @returns what it wrote, from the project's root */
export async function writePages(
  cell: Cell,
  { figures, absent }: Measured,
  { quick }: { readonly quick: boolean },
): Promise<readonly string[]> {
  await mkdir(FOLDER, { recursive: true });
  for (const name of await readdir(FOLDER))
    if (name.startsWith(`${cell.name}.`)) await rm(join(FOLDER, name));
  const plots = plotsOf(figures).map(({ title, svg }, i) => ({
    title,
    svg,
    file: `${cell.name}.${i + 1}.svg`,
  }));
  const facts = {
    date: new Date().toISOString().slice(0, 10),
    machine: machineLine(),
    load: loadavg()[0] ?? 0,
    versions: versions(await peerPackages()),
    commit: commitLine(),
    command: `pnpm bench --only ${cell.name}${quick ? " --quick" : ""}`,
  };
  const files = new Map([
    [`${cell.name}.md`, pageOf(cell, { figures, absent, plots, facts })],
    [`${cell.name}.jsonl`, figures.map((figure) => `${JSON.stringify(figure)}\n`).join("")],
    ...plots.map(({ file, svg }) => [file, svg] as const),
  ]);
  for (const [name, text] of files) await writeFile(join(FOLDER, name), text);
  await writeFile(join(FOLDER, "README.md"), indexPage(await allFigures()));
  return [...files.keys(), "README.md"].map((name) => `docs/benchmarks/${name}`);
}

/** By cell, of all pages that there are. */
async function allFigures(): Promise<ReadonlyMap<string, readonly Figure[]>> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith(".jsonl")).sort();
  const read = async (name: string) => {
    const lines = (await readFile(join(FOLDER, name), "utf8")).trim().split("\n");
    return [name.slice(0, -".jsonl".length), lines.map((line) => JSON.parse(line) as Figure)] as const;
  };
  return new Map(await Promise.all(names.map(read)));
}

async function peerPackages(): Promise<readonly string[]> {
  const text = await readFile(join(ROOT, "bench", "package.json"), "utf8");
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  return Object.keys(dependencies).filter((name) => !name.startsWith("@pawl/"));
}
