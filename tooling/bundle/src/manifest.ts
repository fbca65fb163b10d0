import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What of a package.json says how its JavaScript is built. */
export interface BuiltManifest {
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export async function readManifest(folder: string): Promise<BuiltManifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as BuiltManifest;
}

const BUILT = /^(?:\.\/)?dist\/(.+)\.js$/;

/** What a package promises to have in `dist`, by its path there without `.js`, with the source of each. */
export function entriesOf(manifest: BuiltManifest, folder: string): Readonly<Record<string, string>> {
  const exported = Object.values(manifest.exports ?? {}).map((target) =>
    typeof target === "object" && target !== null && "default" in target ? target.default : target,
  );
  const entries: Record<string, string> = {};
  for (const file of [...exported, ...Object.values(manifest.bin ?? {})]) {
    const path = typeof file === "string" ? BUILT.exec(file)?.[1] : undefined;
    if (path !== undefined) entries[path] = join(folder, "src", `${path}.ts`);
  }
  return entries;
}

/** Whether an import of a package is built in: of what it needs only while it is built, since nobody who installs it gets that. */
export function isBuiltIn(manifest: BuiltManifest, specifier: string): boolean {
  const { dependencies, peerDependencies, optionalDependencies, devDependencies } = manifest;
  const installed = { ...dependencies, ...peerDependencies, ...optionalDependencies };
  const [scope = "", name = ""] = specifier.split("/");
  const imported = scope.startsWith("@") ? `${scope}/${name}` : scope;
  return devDependencies?.[imported] !== undefined && installed[imported] === undefined;
}
