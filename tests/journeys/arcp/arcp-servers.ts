import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PawlProcess, pawl } from "../pawl-process.ts";

export interface ArcpServer {
  readonly process: PawlProcess;
  readonly http: string;
  readonly ws: string;
}

const PRINCIPALS = ["--principal", "alice=tok-a", "--principal", "bob=tok-b"];

/** Servers for conformance work, each a process; all of them and their folders go with `clean`. */
export class ArcpServers {
  readonly #running: PawlProcess[] = [];
  readonly #folders: string[] = [];

  async folder(): Promise<string> {
    const dir = await mkdtemp(join(tmpdir(), "pawl-arcp-"));
    // As root PostgreSQL runs as another user, who must get through.
    await chmod(dir, 0o755);
    this.#folders.push(dir);
    return dir;
  }

  /** On the data folder, or on a database that several share. */
  async start(
    dir: string,
    {
      databaseUrl,
      more = [],
      env = {},
    }: { databaseUrl?: string; more?: readonly string[]; env?: Readonly<Record<string, string>> } = {},
  ): Promise<ArcpServer> {
    const process = pawl(["serve", "--port", "0", "--conformance", ...PRINCIPALS, ...more], {
      cwd: dir,
      dataDir: join(dir, "data"),
      env: {
        PAWL_LOG_LEVEL: "warn",
        ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }),
        ...env,
      },
    });
    this.#running.push(process);
    const [, http, ws] = await process.says(/ready at (http:\S+) \| ARCP: (ws:\S+)/);
    return { process, http: http as string, ws: ws as string };
  }

  /** One that speaks over its stdin and stdout. */
  startOverStdio(dir: string): PawlProcess {
    const process = pawl(["serve", "--stdio", "--conformance", ...PRINCIPALS], {
      cwd: dir,
      dataDir: join(dir, "data"),
      env: { PAWL_LOG_LEVEL: "warn" },
      stdin: "pipe",
    });
    this.#running.push(process);
    return process;
  }

  async clean(): Promise<void> {
    for (const process of this.#running.splice(0)) {
      if (process.child.exitCode === null && process.child.signalCode === null) await process.kill("SIGTERM");
    }
    for (const dir of this.#folders.splice(0)) await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}
