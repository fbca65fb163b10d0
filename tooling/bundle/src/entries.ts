import { join } from "node:path";

/** What of a package.json says which files others start from. */
export interface BuiltManifest {
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly bin?: Readonly<Record<string, string>>;
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
