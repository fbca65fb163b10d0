import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** How long the files of a folder are: blocks may be set aside before they are written. What vanishes meanwhile counts as nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const facts = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
      return facts?.size ?? 0;
    });
  return (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0);
}
