import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { type BuiltManifest, entriesOf } from "./entries.ts";

/**
 * Writes the JavaScript of a package to its `dist`, which is emptied before: a file for each entry that its package.json names, one
 * for what several of them share, so that nothing of it is there twice, and one for what is imported only when it is needed. What
 * it depends on stays outside. Names and lines stay readable; what people read of comments is in `src` and in the declarations,
 * which the compiler writes beside.
 */
export async function bundlePackage(folder: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as BuiltManifest;
  const dist = join(folder, "dist");
  const bundle = await rolldown({
    cwd: folder,
    input: { ...entriesOf(manifest, folder) },
    external: (id) => !/^[./]/.test(id),
    platform: "neutral",
    transform: { target: "es2024" },
    onLog(level, { message }) {
      if (level === "warn") throw new Error(message);
    },
  });
  await rm(dist, { recursive: true, force: true });
  await bundle.write({
    dir: dist,
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    comments: { legal: true, annotation: true, jsdoc: false },
    // One character above Latin-1 makes V8 keep the whole file at two bytes a character.
    charset: "ascii",
    sourcemap: true,
    // They are published beside it.
    sourcemapExcludeSources: true,
  });
  await bundle.close();
}
