import { existsSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { serverError } from "../errors.ts";

export const CONFIG_FILE_NAMES = ["pawl.config.ts", "pawl.config.mts", "pawl.config.js", "pawl.config.mjs"];

/**
 * The file that was named, else the first `pawl.config.*` in `cwd` or above it, up to the repository's or the home folder.
 *
 * @returns an absolute path
 * @throws PawlError `config_file_missing` for a named file, `config_file_foreign`
 */
export function findConfigFile(cwd: string, named?: string): string | undefined {
  if (named !== undefined) {
    const path = resolve(cwd, named);
    if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
    throw serverError(
      "config_file_missing",
      `There is no file ${path}. Correct --config or PAWL_CONFIG; without them ${CONFIG_FILE_NAMES[0]} is looked for here and above.`,
    );
  }
  const home = homedir();
  for (let folder = resolve(cwd), here = true; ; folder = dirname(folder), here = false) {
    for (const name of CONFIG_FILE_NAMES) {
      const path = join(folder, name);
      const stats = statSync(path, { throwIfNoEntry: false });
      if (stats?.isFile() !== true) continue;
      if (!here) checkOwner(path, stats.uid);
      return path;
    }
    if (folder === home || folder === dirname(folder) || existsSync(join(folder, ".git"))) return undefined;
  }
}

/** It is a program: one that somebody else has left in a folder above must not run by itself. */
function checkOwner(path: string, owner: number): void {
  const user = process.getuid?.();
  if (user === undefined || user === 0 || owner === user || owner === 0) return;
  throw serverError(
    "config_file_foreign",
    `${path} belongs to another user, so it is not run by itself. If you trust it, name it: --config ${path}`,
  );
}
