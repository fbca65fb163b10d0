import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { eachMs, wallMs } from "../stopwatch.ts";
import { expectCount, type OpenSystem } from "./system.ts";
import { INSTALLED, PROGRAMS } from "./vercel-workflow/build-workflows.ts";

type Handler = (request: Request) => Promise<Response>;

/** What is used of its runtime. */
interface Runtime {
  start(
    workflow: { readonly workflowId: string },
    args: readonly unknown[],
  ): Promise<{ readonly runId: string }>;
  getWorld(): Promise<{
    start?(): Promise<void>;
    readonly runs: { get(runId: string): Promise<{ readonly status: string }> };
  }>;
}

const CONCURRENCY = 32;
const LOOK_EVERY_MS = 5;

/**
 * Vercel Workflow with its PostgreSQL world, whose queue is graphile-worker and which calls the workflows and steps over HTTP, here in
 * this process. Its own wait for a result looks once a second, so the run is looked at directly.
 */
export const open: OpenSystem = async ({ url, folder, role }) => {
  const environment = {
    WORKFLOW_TARGET_WORLD: "@workflow/world-postgres",
    WORKFLOW_POSTGRES_URL: url,
    ...(role !== "idler" && {
      WORKFLOW_POSTGRES_WORKER_CONCURRENCY: String(CONCURRENCY),
      // As graphile-worker recommends: two more than run at once.
      WORKFLOW_POSTGRES_MAX_POOL_SIZE: String(CONCURRENCY + 2),
    }),
  };
  Object.assign(process.env, environment);
  // Its programs look for the world from here.
  process.chdir(folder);
  const require = createRequire(import.meta.url);
  const setup = join(INSTALLED, "@workflow", "world-postgres", "bin", "setup.js");
  await promisify(execFile)(process.execPath, [setup]);

  const program = (name: string) =>
    require(join(folder, PROGRAMS, `${name}.js`)) as { readonly POST: Handler };
  const server = createServer((request, response) => {
    const handler = programs[request.url?.endsWith("/flow") === true ? "flow" : "step"];
    void answer(handler, request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  Object.assign(process.env, { PORT: String(port), WORKFLOW_LOCAL_BASE_URL: `http://127.0.0.1:${port}` });
  const programs = { flow: program("flow").POST, step: program("step").POST };
  const { start, getWorld } = (await import("@workflow/core/runtime")) as unknown as Runtime;
  const { runs, start: begin } = await getWorld();
  await begin?.();

  const run = async (name: string, ...args: readonly unknown[]) =>
    (await start({ workflowId: `workflow//./workflows/bench//${name}` }, args)).runId;
  async function finish(steps: number): Promise<void> {
    const id = await run("chain", steps);
    for (;;) {
      const { status } = await runs.get(id);
      if (status === "completed") return;
      if (status !== "pending" && status !== "running") throw new Error(`A workflow ended as ${status}.`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
  const counted = globalThis as typeof globalThis & { benchSteps?: number };

  return {
    async workflows(count, steps) {
      counted.benchSteps = 0;
      const ms = await wallMs(() => Promise.all(Array.from({ length: count }, () => finish(steps))));
      expectCount("steps", counted.benchSteps, count * steps);
      return ms;
    },
    jobs: (times) => eachMs(times, () => finish(1)),
    async begin(steps, file) {
      await run("filed", steps, file);
    },
    close: async () => void server.close(),
  };
};

async function answer(handler: Handler, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { url, method = "POST" } = request;
  const headers = Object.entries(request.headers).map(
    ([name, value]) => [name, String(value)] as [string, string],
  );
  const body = new Uint8Array(Buffer.concat(chunks));
  const result = await handler(new Request(`http://127.0.0.1${url}`, { method, headers, body }));
  response.writeHead(result.status, Object.fromEntries(result.headers));
  response.end(Buffer.from(await result.arrayBuffer()));
}
