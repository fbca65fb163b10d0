import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import type { PublishedManifest } from "./packed-package.ts";

const IMPORTED = /(?:\bfrom |\bimport\(|\bimport )"([^"]+)"/g;

/** The packages whose types a reader of the declarations of this one's entries comes to. */
export async function packagesOfTypes(folder: string, { exports }: PublishedManifest): Promise<string[]> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const files = Object.values(exports).flatMap((target) =>
    typeof target === "object" && target !== null && "types" in target
      ? [join(folder, `${target.types}`)]
      : [],
  );
  for (const file of files) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const [, specifier = ""] of (await readFile(file, "utf8")).matchAll(IMPORTED)) {
      if (specifier.startsWith(".")) files.push(declarationOf(join(dirname(file), specifier)));
      else if (!isBuiltin(specifier)) found.add(packageOf(specifier));
    }
  }
  return [...found].sort();
}

function declarationOf(path: string): string {
  const declared = path.replace(/(?:\.d)?\.[jt]s$/, ".d.ts");
  if (!existsSync(declared)) throw new Error(`${declared} is imported and not there.`);
  return declared;
}

function packageOf(specifier: string): string {
  const [first = "", second = ""] = specifier.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}
