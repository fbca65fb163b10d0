import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { licensesOf } from "./licenses.ts";
import { entriesOf, isBuiltIn, readManifest } from "./manifest.ts";

/**
 * Writes the JavaScript of a package to its `dist`, which is emptied before: a file for each entry that its package.json names, one
 * for all that several of them share, so that nothing of it is there twice, and one for what is imported only when it is needed. What
 * it depends on stays outside; of its `devDependencies` that it imports the used parts are built in, with their licences in
 * `licenses.txt`. Names and lines stay readable; what people read of comments is in `src` and in the declarations, which the
 * compiler writes beside.
 */
export async function bundlePackage(folder: string): Promise<void> {
  const manifest = await readManifest(folder);
  const dist = join(folder, "dist");
  const entries = entriesOf(manifest, folder);
  const ownFile = new Set(Object.values(entries));
  const bundle = await rolldown({
    cwd: folder,
    input: { ...entries },
    external: (id, importer) =>
      !/^[./]/.test(id) && !(importer?.startsWith(join(folder, "src")) && isBuiltIn(manifest, id)),
    platform: "neutral",
    // Libraries that have no `exports` name their modules so.
    resolve: { mainFields: ["module", "main"] },
    transform: { target: "es2024" },
    onLog(level, { message }) {
      if (level === "warn") throw new Error(message);
    },
  });
  await rm(dist, { recursive: true, force: true });
  const { output } = await bundle.write({
    dir: dist,
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    // One file for all that entries share: whoever imports one of them mostly imports others, and each file is looked up and linked anew.
    codeSplitting: {
      groups: [
        { name: "shared", minShareCount: 2, tags: ["$initial"], test: (module) => !ownFile.has(module) },
      ],
    },
    comments: { legal: true, annotation: true, jsdoc: false },
    // One character above Latin-1 makes V8 keep the whole file at two bytes a character.
    charset: "ascii",
    sourcemap: true,
    // They are published beside it.
    sourcemapExcludeSources: true,
  });
  const licenses = await licensesOf(output.flatMap((file) => (file.type === "chunk" ? file.moduleIds : [])));
  if (licenses !== undefined) await writeFile(join(dist, "licenses.txt"), licenses);
  await bundle.close();
}
