import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type PackedPackage, pnpm } from "./packed-package.ts";

/**
 * Installs one package, and nothing else, into a new folder. Our packages that it depends on come as tarballs
 * too, because they are not published yet. Layout and rules are pnpm's strict ones, so a package that uses what
 * it does not declare breaks here.
 */
export async function installAlone(
  folder: string,
  installed: PackedPackage,
  all: readonly PackedPackage[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const consumer = {
    name: "consumer",
    private: true,
    type: "module",
    dependencies: { [installed.name]: `file:${installed.tarball}` },
  };
  const settings = [
    "packages: []",
    "hoist: false", // What a dependency of ours uses must be declared there too.
    "overrides:",
    ...all.map(({ name, tarball }) => `  '${name}': 'file:${tarball}'`),
    "",
  ];
  await writeFile(join(folder, "package.json"), JSON.stringify(consumer));
  await writeFile(join(folder, "pnpm-workspace.yaml"), settings.join("\n"));
  await pnpm(["install", "--prefer-offline", "--ignore-scripts", "--no-frozen-lockfile"], folder);
}
