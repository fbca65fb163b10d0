import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const LIBRARY = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** The licences of the libraries that these files are of, as one text, or nothing when there are none. */
export async function licensesOf(files: Iterable<string>): Promise<string | undefined> {
  const libraries = new Map<string, string>();
  for (const file of files) {
    const [, folder, name] = LIBRARY.exec(file) ?? [];
    if (folder !== undefined && name !== undefined) libraries.set(name, folder);
  }
  const texts = [...libraries].sort().map(async ([name, folder]) => {
    const license = (await readdir(folder)).find((file) => /^licen[cs]e(?:\.\w+)?$/i.test(file));
    if (license === undefined) throw new Error(`${name} is built in and has no licence to show.`);
    return `${name}\n\n${(await readFile(join(folder, license), "utf8")).trim()}\n`;
  });
  return texts.length === 0 ? undefined : (await Promise.all(texts)).join("\n\n");
}
