import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { type Binaries, findBinaries, findIdentity, type Identity, reachableBinaries } from "./binaries.ts";
import { createRunFolder, sweepStaleFolders, urlFileName } from "./run-folder.ts";

/** A PostgreSQL that runs. */
export interface TestPostgres {
  /** The URL of its maintenance database, as superuser. */
  readonly url: string;
  readonly pid: number;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/**
 * - `fsync`: true by default, as in production; false saves disk waits where a test needs thousands of
 *   commits and promises nothing about durability.
 */
export interface TestPostgresOptions {
  readonly fsync?: boolean;
}

const portAttempts = 5;

/** Starts an empty PostgreSQL on a free port of 127.0.0.1, in a folder of its own under the temp folder. */
export async function startTestPostgres(options: TestPostgresOptions = {}): Promise<TestPostgres> {
  await sweepStaleFolders();
  const identity = await findIdentity();
  const folder = await createRunFolder();
  try {
    const binaries = await reachableBinaries(await findBinaries(), identity, folder);
    // 144 random bits need no stretching: one scram round makes connecting cheap and stays safe.
    const password = randomBytes(18).toString("base64url");
    await initialise(binaries, identity, folder, password, options);
    const { child, port } = await startOnFreePort(binaries, identity, folder);
    const url = `postgresql://postgres:${password}@127.0.0.1:${port}/postgres`;
    await writeFile(join(folder, urlFileName), url, { mode: 0o600 });
    return {
      url,
      pid: child.pid!,
      stop: async () => {
        if (child.exitCode === null && child.signalCode === null) {
          const exited = once(child, "exit");
          child.ref();
          child.kill("SIGQUIT"); // Immediate: nothing in it is needed any more.
          await exited;
        }
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function initialise(
  { initdb }: Binaries,
  identity: Identity,
  folder: string,
  password: string,
  { fsync = true }: TestPostgresOptions,
): Promise<void> {
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (identity.uid !== undefined && identity.gid !== undefined) {
    await chown(data, identity.uid, identity.gid);
    await chown(passwordFile, identity.uid, identity.gid);
  }
  const settings = {
    shared_buffers: "64MB",
    max_connections: "100",
    scram_iterations: "1",
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    ...(fsync ? {} : { fsync: "off" }),
  };
  const child = spawn(
    initdb,
    [
      `--pgdata=${data}`,
      "--username=postgres",
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-instructions",
      "--no-sync", // The cluster is empty; what tests write later is synced.
      ...Object.entries(settings).map(([name, value]) => `--set=${name}=${value}`),
    ],
    { ...identity, cwd: "/", stdio: ["ignore", "ignore", "pipe"] },
  );
  const log = collect(child);
  const [code, signal] = await once(child, "close");
  if (code !== 0) throw new Error(`initdb of the test PostgreSQL failed (${code ?? signal}):\n${log()}`);
}

async function startOnFreePort(
  binaries: Binaries,
  identity: Identity,
  folder: string,
): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const child = spawn(binaries.postgres, ["-D", join(folder, "data"), "-p", String(port)], {
      ...identity,
      cwd: "/",
      stdio: ["ignore", "ignore", "pipe"],
    });
    const log = collect(child);
    const ready = await new Promise<boolean>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => resolve(false));
      child.stderr?.on("data", () => {
        if (log().includes("ready to accept connections")) resolve(true);
      });
    });
    if (ready) {
      // The handles must not keep a run alive that has forgotten to stop it.
      child.unref();
      (child.stderr as unknown as { unref(): void }).unref();
      return { child, port };
    }
    // Somebody else may have taken the port between our look and the start.
    if (attempt === portAttempts || !log().includes("could not bind"))
      throw new Error(`The test PostgreSQL did not start:\n${log()}`);
  }
}

/** Keeps the end of what a child writes to stderr. */
function collect(child: ChildProcess): () => string {
  const keptCharacters = 8000;
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-keptCharacters);
  });
  return () => text;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("No free port on 127.0.0.1.");
  return address.port;
}
