import { type ArcpClient, connect } from "@pawl/arcp-protocol/client";
import type { ArcpPersistence } from "@pawl/arcp-protocol/persistence";
import { ArcpServer } from "@pawl/arcp-protocol/server";
import { serveWebSocket } from "@pawl/arcp-protocol/transports/websocket-server";
import { type ArcpSystem, type Broadcast, TOKEN } from "./arcp-system.ts";

/** Our client and our runtime with default limits, and the persistence in memory when none is given. */
export async function openPawlSystem(persistence?: ArcpPersistence): Promise<ArcpSystem> {
  let broadcast: Broadcast | undefined;
  const server = new ArcpServer({
    ...(persistence !== undefined && { persistence }),
    authenticate: () => ({ id: "bench" }),
    agents: [
      { name: "echo", versions: { "1.0.0": (input) => input } },
      {
        name: "talker",
        versions: {
          "1.0.0": async (input, job) => {
            const { count } = input as { count: number };
            for (let i = 0; i < count; i++) await job.log("info", `line ${i}`);
            return count;
          },
        },
      },
      {
        name: "broadcaster",
        versions: {
          "1.0.0": async (_, job) => {
            const { count, subscribed } = broadcast!;
            await subscribed;
            for (let i = 0; i < count; i++) await job.log("info", `line ${i}`);
            return count;
          },
        },
      },
    ],
  });
  await server.start();
  const endpoint = await serveWebSocket({ onTransport: (transport) => server.accept(transport) });
  const connected = () => connect({ url: endpoint.url, token: TOKEN });
  const client = await connected();
  const subscribers: ArcpClient[] = [];
  return {
    url: endpoint.url,
    async roundTrip(n) {
      const job = await client.submit({ agent: "echo", input: { n } });
      const end = await job.done;
      if (end.status !== "success") throw end.error;
    },
    async logLines(count) {
      let seen = 0;
      const job = await client.submit({ agent: "talker", input: { count } });
      for await (const event of job.events) if (event.kind === "log") seen += 1;
      await job.done;
      return seen;
    },
    async broadcast(count, wanted) {
      while (subscribers.length < wanted) subscribers.push(await connected());
      const gate = Promise.withResolvers<void>();
      broadcast = { count, subscribed: gate.promise };
      const job = await client.submit({ agent: "broadcaster", input: {} });
      const handles = await Promise.all(subscribers.map((one) => one.subscribe(job.jobId)));
      const all = Promise.all(handles.map(({ events }) => expectLines(events, count)));
      const began = performance.now();
      gate.resolve();
      await all;
      return performance.now() - began;
    },
    async close() {
      for (const one of [client, ...subscribers]) await one.close();
      await server.close();
      await endpoint.close();
    },
  };
}

async function expectLines(events: AsyncIterable<{ readonly kind: string }>, count: number): Promise<void> {
  let seen = 0;
  for await (const event of events) if (event.kind === "log") seen += 1;
  if (seen !== count) throw new Error(`A subscriber was given ${seen} of ${count} events.`);
}
