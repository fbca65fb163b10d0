import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AbsentPeer } from "../cell.ts";
import { type ArcpSystem, type Broadcast, TOKEN } from "./arcp-system.ts";

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
    submit(
      options: object,
    ): Promise<{ readonly jobId: string; readonly done: Promise<{ final_status: string }> }>;
    subscribe(jobId: string): Promise<unknown>;
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

const mainFile = () => {
  const checkout = process.env[CHECKOUT];
  return checkout === undefined ? undefined : resolve(join(checkout, "packages/sdk/dist/index.js"));
};

/** Why it cannot be measured here, if so. */
export function missingReferenceSdk(): string | undefined {
  const main = mainFile();
  return main !== undefined && existsSync(main)
    ? undefined
    : `It is on no registry: clone it, build it, and name the folder in ${CHECKOUT}.`;
}

export async function openReferenceSystem(): Promise<ArcpSystem | AbsentPeer> {
  const reason = missingReferenceSdk();
  if (reason !== undefined) return { name: "reference SDK", reason };
  const sdk = (await import(pathToFileURL(mainFile()!).href)) as ReferenceSdk;
  const features = [
    "ack",
    "heartbeat",
    "progress",
    "list_jobs",
    "subscribe",
    "result_chunk",
    "agent_versions",
  ];
  let broadcast: Broadcast | undefined;
  const server = new sdk.ARCPServer({
    runtime: { name: "reference", version: "1.1" },
    capabilities: { encodings: ["json"], agents: ["echo", "talker", "broadcaster"] },
    bearer: new sdk.StaticBearerVerifier(new Map([[TOKEN, { principal: "bench" }]])),
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
  server.registerAgent("broadcaster", async (_, job) => {
    const { count, subscribed } = broadcast!;
    await subscribed;
    for (let i = 0; i < count; i++) await job.log("info", `line ${i}`);
    return count;
  });
  const endpoint = await sdk.startWebSocketServer({
    host: "127.0.0.1",
    port: 0,
    onTransport: (transport: unknown) => server.accept(transport),
  });
  const connected = async (onLine: () => void) => {
    const client = new sdk.ARCPClient({
      client: { name: "bench", version: "1" },
      capabilities: { encodings: ["json"], features },
      authScheme: "bearer",
      token: TOKEN,
      autoAck: true,
      logger: sdk.silentLogger,
    });
    client.on("job.event", ({ payload }) => {
      if (payload.kind === "log") onLine();
    });
    await client.connect(await sdk.WebSocketTransport.connect(endpoint.url));
    return client;
  };
  let seen = 0;
  let told = () => {};
  const client = await connected(() => void seen++);
  const subscribers: Awaited<ReturnType<typeof connected>>[] = [];

  async function run(agent: string, input: object): Promise<void> {
    const job = await client.submit({ agent, input });
    const { final_status } = await job.done;
    if (final_status !== "success") throw new Error(`The reference SDK's job ended with ${final_status}.`);
  }
  return {
    url: endpoint.url,
    roundTrip: (n) => run("echo", { n }),
    async logLines(count) {
      seen = 0;
      await run("talker", { count });
      return seen;
    },
    async broadcast(count, wanted) {
      let left = 0;
      const onLine = () => {
        left -= 1;
        if (left === 0) told();
      };
      for (const one of subscribers.splice(0)) await one.close();
      while (subscribers.length < wanted) subscribers.push(await connected(onLine));
      const gate = Promise.withResolvers<void>();
      broadcast = { count, subscribed: gate.promise };
      const job = await client.submit({ agent: "broadcaster", input: {} });
      await Promise.all(subscribers.map((one) => one.subscribe(job.jobId)));
      left = count * wanted;
      const all = new Promise<void>((resolve) => {
        told = resolve;
      });
      const began = performance.now();
      gate.resolve();
      await all;
      const ms = performance.now() - began;
      await job.done;
      return ms;
    },
    async close() {
      for (const one of [client, ...subscribers]) await one.close();
      await endpoint.close();
      await server.close();
    },
  };
}
