import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A workspace package: its package.json and the text of its sources by path (`src/…`). */
export interface SourcePackage {
  readonly name: string;
  readonly manifest: Manifest;
  readonly sources: Readonly<Record<string, string>>;
}

export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** All packages of the workspace that others can import: everything but the root, tests and examples. */
export async function readSourcePackages(root: string): Promise<SourcePackage[]> {
  const packages: SourcePackage[] = [];
  for await (const path of glob("{packages,apps,tooling}/*/package.json", { cwd: root })) {
    const folder = join(root, dirname(path));
    const manifest = JSON.parse(await readFile(join(root, path), "utf8")) as Manifest;
    const sources: Record<string, string> = {};
    if (existsSync(join(folder, "src")))
      for await (const source of glob("src/**/*.{ts,tsx,mts,js}", { cwd: folder }))
        sources[source] = await readFile(join(folder, source), "utf8");
    packages.push({ name: manifest.name, manifest, sources });
  }
  return packages;
}
