import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isPawlError } from "@pawl/core";
import { dataDirError } from "./embedded-postgres/errors.ts";
import { serverError, systemCode } from "./errors.ts";

/**
 * Makes the data folder when it is not there, and proves by a file that it can be written to.
 * @throws PawlError whose message says what to do
 */
export async function prepareDataFolder(dataDir: string): Promise<void> {
  const probe = join(dataDir, `.probe-${randomBytes(6).toString("hex")}`);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o755 });
    await writeFile(probe, "", { flag: "wx" });
    await rm(probe);
  } catch (error) {
    const known = dataDirError(dataDir, error);
    if (isPawlError(known)) throw known;
    throw serverError(
      "data_dir_unusable",
      `Pawl cannot use ${dataDir} as its data folder (${systemCode(error) || String(error)}). Choose another folder with PAWL_DATA_DIR or --data-dir.`,
      error,
    );
  }
}
