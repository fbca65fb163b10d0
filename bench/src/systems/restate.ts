import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttp2 } from "node:http2";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { type Context, createEndpointHandler, service } from "@restatedev/restate-sdk";
import { connect } from "@restatedev/restate-sdk-clients";
import { wallMs } from "../stopwatch.ts";
import { expectCount, type OpenSystem } from "./system.ts";

/** Restate: its server as a single node with its own log on disk, and `ctx.run` steps in a service of this process. */
export const open: OpenSystem = async ({ folder }) => {
  let done = 0;
  const bench = service({
    name: "bench",
    handlers: {
      chain: async (context: Context, steps: number) => {
        for (let i = 0; i < steps; i++)
          await context.run(`step ${i}`, async () => {
            done += 1;
            return { done };
          });
        return steps;
      },
      job: async (_: Context, n: number) => n,
    },
  });
  const handlers = createHttp2(createEndpointHandler({ services: [bench] }));
  handlers.listen(0, "127.0.0.1");
  await once(handlers, "listening");
  const [ingress, admin, fabric] = [await freePort(), await freePort(), await freePort()];
  const server = startServer(folder, { ingress, admin, fabric });
  await register(admin, (handlers.address() as AddressInfo).port, server);
  const client = connect({ url: `http://127.0.0.1:${ingress}` }).serviceClient(bench);

  return {
    async workflows(count, steps) {
      done = 0;
      const ms = await wallMs(() => Promise.all(Array.from({ length: count }, () => client.chain(steps))));
      expectCount("steps", done, count * steps);
      return ms;
    },
    job: () => wallMs(async () => client.job(1)),
    async close() {
      server.kill("SIGKILL");
      handlers.close();
    },
  };
};

function startServer(
  folder: string,
  ports: { ingress: number; admin: number; fabric: number },
): ChildProcess {
  const main = createRequire(import.meta.url).resolve("@restatedev/restate-server/package.json");
  const binary = createRequire(main).resolve(
    `@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`,
  );
  return spawn(binary, ["--base-dir", folder, "--node-name", "bench"], {
    stdio: ["ignore", "ignore", "ignore"],
    env: {
      ...process.env,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ports.ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${ports.admin}`,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${ports.fabric}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${ports.fabric}`,
      RESTATE_DISABLE_TELEMETRY: "true",
      RESTATE_LOG_FILTER: "error",
      DO_NOT_TRACK: "1",
    },
  });
}

async function register(admin: number, handlers: number, server: ChildProcess): Promise<void> {
  const body = JSON.stringify({ uri: `http://127.0.0.1:${handlers}` });
  for (let tries = 0; tries < 300 && server.exitCode === null; tries++) {
    const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    }).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`The Restate server did not come up (exit code ${server.exitCode}).`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
