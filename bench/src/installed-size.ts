import { existsSync } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface InstalledSize {
  /** Of what these packages themselves publish. */
  readonly own: number;
  /** With everything that they depend on, each once, as a package manager installs it here. */
  readonly all: number;
}

interface Manifest {
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** In bytes. @param from a folder from which the packages resolve */
export async function installedSize(names: readonly string[], from: string): Promise<InstalledSize> {
  const seen = new Map<string, number>();
  let own = 0;
  for (const name of names) {
    const root = await folderOf(name, from);
    if (root === undefined)
      throw new Error(`${name} is not installed: run \`pnpm bench\`, which installs it.`);
    await visit(root, seen);
    own += seen.get(root) ?? 0;
  }
  return { own, all: [...seen.values()].reduce((sum, one) => sum + one, 0) };
}

async function visit(folder: string, seen: Map<string, number>): Promise<void> {
  if (seen.has(folder)) return;
  seen.set(folder, 0);
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
  seen.set(folder, await publishedBytes(folder, manifest));
  const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true);
  for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) {
    // One for another platform is not there.
    const dependency = await folderOf(name, folder);
    if (dependency !== undefined) await visit(dependency, seen);
  }
}

async function folderOf(name: string, from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return realpath(candidate);
    if (folder === dirname(folder)) return undefined;
  }
}

/** Of a package in a workspace: what it says that it publishes, where that are folders. Of an installed one: all that is there. */
async function publishedBytes(folder: string, { files = [] }: Manifest): Promise<number> {
  const folders = folder.includes("node_modules") ? [folder] : files.map((file) => join(folder, file));
  const sizes = await Promise.all(folders.filter((path) => existsSync(path)).map(bytesOf));
  return sizes.reduce((sum, one) => sum + one, 0);
}

async function bytesOf(path: string): Promise<number> {
  const facts = await stat(path);
  if (!facts.isDirectory()) return facts.size;
  const names = (await readdir(path)).filter((name) => name !== "node_modules");
  return (await Promise.all(names.map((name) => bytesOf(join(path, name))))).reduce(
    (sum, one) => sum + one,
    0,
  );
}
