import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { endsWithCell } from "../ends-with-cell.ts";
import type { Companion } from "./open-systems.ts";

/** Where Restate's server is found, and where it finds the handlers: the same place after a restart of these. */
export interface RestatePorts {
  readonly ingress: number;
  readonly admin: number;
  readonly handlers: number;
}

const PORTS_FILE = "ports.json";
const DATA = "data";
/** It leaves folders behind in its temp folder. */
const TEMPORARY = "tmp";

/** Its server as a single node with its own log on disk, beside the processes that hold the handlers. */
export async function startRestateServer(folder: string): Promise<Companion> {
  const ports = { ingress: await freePort(), admin: await freePort(), handlers: await freePort() };
  const fabric = await freePort();
  await writeFile(join(folder, PORTS_FILE), JSON.stringify(ports));
  await mkdir(join(folder, TEMPORARY));
  const main = createRequire(import.meta.url).resolve("@restatedev/restate-server/package.json");
  const binary = createRequire(main).resolve(
    `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );
  const server = spawn(binary, ["--base-dir", join(folder, DATA), "--node-name", "bench"], {
    stdio: "ignore",
    env: {
      ...process.env,
      TMPDIR: join(folder, TEMPORARY),
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ports.ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${ports.admin}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${fabric}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${fabric}`,
      RESTATE_DISABLE_TELEMETRY: "true",
      RESTATE_LOG_FILTER: "error",
      DO_NOT_TRACK: "1",
    },
  });
  const exited = once(server, "exit");
  const close = endsWithCell(async () => {
    server.kill("SIGKILL");
    await exited;
  });
  await untilHealthy(ports.admin, server);
  return {
    pid: server.pid!,
    folder: join(folder, DATA),
    close,
  };
}

export async function restatePorts(folder: string): Promise<RestatePorts> {
  return JSON.parse(await readFile(join(folder, PORTS_FILE), "utf8")) as RestatePorts;
}

async function untilHealthy(admin: number, server: ChildProcess): Promise<void> {
  const runs = () => server.exitCode === null && server.signalCode === null;
  for (let tries = 0; tries < 600 && runs(); tries++) {
    const answer = await fetch(`http://127.0.0.1:${admin}/health`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  server.kill("SIGKILL");
  throw new Error(
    `The Restate server did not come up (${server.exitCode ?? server.signalCode ?? "no answer"}).`,
  );
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
