import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** What the files of a folder take on the disk. What vanishes meanwhile counts as nothing. */
export async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map(async (entry) => {
      const facts = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
      return 512 * (facts?.blocks ?? 0);
    });
  return (await Promise.all(sizes)).reduce((sum, one) => sum + one, 0);
}
