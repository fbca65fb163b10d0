import { connect } from "@pawl/arcp-protocol/client";
import type { ArcpPersistence } from "@pawl/arcp-protocol/persistence";
import { ArcpServer } from "@pawl/arcp-protocol/server";
import { serveWebSocket } from "@pawl/arcp-protocol/transports/websocket-server";
import type { ArcpSystem } from "./arcp-system.ts";

/** Our client and our runtime with default limits, and the persistence in memory when none is given. */
export async function openPawlSystem(persistence?: ArcpPersistence): Promise<ArcpSystem> {
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
    ],
  });
  await server.start();
  const endpoint = await serveWebSocket({ onTransport: (transport) => server.accept(transport) });
  const client = await connect({ url: endpoint.url, token: "bench" });
  return {
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
    async close() {
      await client.close();
      await server.close();
      await endpoint.close();
    },
  };
}
