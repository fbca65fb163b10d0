import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AbsentPeer } from "../cell.ts";
import type { ArcpSystem } from "./arcp-system.ts";

/**
 * Where a built checkout of the protocol's reference SDK for TypeScript is: it is on no registry, so a run that wants to compare
 * brings its own (`pnpm install && pnpm build` in a clone of it).
 */
const CHECKOUT = "ARCP_REFERENCE_SDK";

/** What is used of its public API. */
interface ReferenceSdk {
  readonly ARCPServer: new (
    options: object,
  ) => {
    registerAgent(name: string, run: (input: unknown, job: ReferenceJob) => Promise<unknown>): void;
    accept(transport: unknown): void;
    close(): Promise<void>;
  };
  readonly ARCPClient: new (
    options: object,
  ) => {
    on(type: "job.event", handler: (envelope: { payload: { kind: string } }) => void): void;
    connect(transport: unknown): Promise<unknown>;
    submit(options: object): Promise<{ readonly done: Promise<{ final_status: string }> }>;
    close(): Promise<void>;
  };
  readonly StaticBearerVerifier: new (tokens: ReadonlyMap<string, object>) => unknown;
  readonly WebSocketTransport: { connect(url: string): Promise<unknown> };
  startWebSocketServer(options: object): Promise<{ readonly url: string; close(): Promise<void> }>;
  readonly silentLogger: unknown;
}

interface ReferenceJob {
  log(level: "info", message: string): Promise<void>;
}

export async function openReferenceSystem(): Promise<ArcpSystem | AbsentPeer> {
  const checkout = process.env[CHECKOUT];
  const main = checkout === undefined ? undefined : resolve(join(checkout, "packages/sdk/dist/index.js"));
  if (main === undefined || !existsSync(main)) {
    const reason = `It is on no registry: clone it, build it, and name the folder in ${CHECKOUT}.`;
    return { name: "reference SDK", reason };
  }
  const sdk = (await import(pathToFileURL(main).href)) as ReferenceSdk;
  const features = [
    "ack",
    "heartbeat",
    "progress",
    "list_jobs",
    "subscribe",
    "result_chunk",
    "agent_versions",
  ];
  const server = new sdk.ARCPServer({
    runtime: { name: "reference", version: "1.1" },
    capabilities: { encodings: ["json"], agents: ["echo", "talker"] },
    bearer: new sdk.StaticBearerVerifier(new Map([["bench", { principal: "bench" }]])),
    logger: sdk.silentLogger,
    features,
    // It ends a session that has had more than these; ours has no such bound.
    caps: { maxBufferedEvents: 1e12, maxBufferedBytes: 1e15, maxConcurrentJobs: 1_000_000 },
  });
  server.registerAgent("echo", async (input) => input);
  server.registerAgent("talker", async (input, job) => {
    const { count } = input as { count: number };
    for (let i = 0; i < count; i++) await job.log("info", `line ${i}`);
    return count;
  });
  const endpoint = await sdk.startWebSocketServer({
    host: "127.0.0.1",
    port: 0,
    onTransport: (transport: unknown) => server.accept(transport),
  });
  const client = new sdk.ARCPClient({
    client: { name: "bench", version: "1" },
    capabilities: { encodings: ["json"], features },
    authScheme: "bearer",
    token: "bench",
    autoAck: true,
    logger: sdk.silentLogger,
  });
  let seen = 0;
  client.on("job.event", ({ payload }) => {
    if (payload.kind === "log") seen += 1;
  });
  await client.connect(await sdk.WebSocketTransport.connect(endpoint.url));

  async function run(agent: string, input: object): Promise<void> {
    const job = await client.submit({ agent, input });
    const { final_status } = await job.done;
    if (final_status !== "success") throw new Error(`The reference SDK's job ended with ${final_status}.`);
  }
  return {
    roundTrip: (n) => run("echo", { n }),
    async logLines(count) {
      seen = 0;
      await run("talker", { count });
      return seen;
    },
    async close() {
      await client.close();
      await endpoint.close();
      await server.close();
    },
  };
}
