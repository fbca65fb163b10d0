import { execFile } from "node:child_process";
import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { endsWithCell } from "../../ends-with-cell.ts";
import { ROOT } from "../../machine-facts.ts";
import { programFile } from "../../program-file.ts";

/** Its programs are not among what its packages let others import. */
export const INSTALLED = join(ROOT, "bench", "node_modules");

/** Where its compiler leaves the two programs, from the folder that it is run in. */
export const PROGRAMS = join(".well-known", "workflow", "v1");

/** Has its own compiler build the workflows in this folder, as a program that needs no web framework. */
export async function buildWorkflows(folder: string): Promise<void> {
  const source = programFile("systems/vercel-workflow/workflows");
  await mkdir(join(folder, "workflows"));
  await copyFile(source, join(folder, "workflows", source.endsWith(".ts") ? "bench.ts" : "bench.js"));
  await symlink(INSTALLED, join(folder, "node_modules"), "dir");
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "commonjs" }\n');
  const command = [join(INSTALLED, "workflow", "bin", "run.js"), "build", "--target", "standalone"];
  const building = promisify(execFile)(process.execPath, command, { cwd: folder });
  const stop = endsWithCell(async () => void building.child.kill("SIGKILL"));
  await building;
  await stop();
}
