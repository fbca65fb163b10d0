import { connect } from "@pawl/arcp-protocol/client";
import { ArcpServer } from "@pawl/arcp-protocol/server";
import { serveWebSocket } from "@pawl/arcp-protocol/transports/websocket-server";
import type { Cell } from "../cell.ts";
import { wallMs } from "../stopwatch.ts";

const EVENTS = 50_000;

/**
 * Our client and our runtime over a WebSocket on loopback: jobs from submission to result, one after another and 64 at once, and the
 * 50,000 events of one job.
 *
 * Both ends share one process and so one core, which is why two machines do better; there is no real network, no TLS, and the
 * persistence is the one in memory. These are our own figures: no other implementation is measured.
 */
export const arcpCell: Cell = {
  name: "arcp",
  async open({ scale }) {
    const server = new ArcpServer({
      authenticate: () => ({ id: "bench" }),
      agents: [
        { name: "echo", versions: { "1.0.0": (input) => input } },
        {
          name: "talker",
          versions: {
            "1.0.0": async (_, job) => {
              for (let current = 1; current <= EVENTS; current++)
                await job.progress({ current, total: EVENTS });
              return EVENTS;
            },
          },
        },
      ],
    });
    await server.start();
    const endpoint = await serveWebSocket({ onTransport: (transport) => server.accept(transport) });
    const client = await connect({ url: endpoint.url, token: "bench" });

    async function roundTrip(n: number): Promise<void> {
      const job = await client.submit({ agent: "echo", input: { n } });
      const end = await job.done;
      if (end.status !== "success") throw end.error;
    }

    async function perSecond(jobs: number, inFlight: number): Promise<number> {
      let next = 0;
      const worker = async () => {
        while (next < jobs) await roundTrip(next++);
      };
      return (1_000 * jobs) / (await wallMs(() => Promise.all(Array.from({ length: inFlight }, worker))));
    }

    async function eventsPerSecond(): Promise<number> {
      let seen = 0;
      const ms = await wallMs(async () => {
        const job = await client.submit({ agent: "talker" });
        for await (const event of job.events) if (event.kind === "progress") seen += 1;
        await job.done;
      });
      if (seen !== EVENTS) throw new Error(`${seen} of ${EVENTS} events came.`);
      return (1_000 * seen) / ms;
    }

    const alone = "submit → result, 1 in flight";
    return {
      subjects: [
        { name: alone, unit: "/s", sample: () => perSecond(200 * scale, 1) },
        {
          name: "submit → result, 64 in flight",
          unit: "/s",
          floor: alone,
          sample: () => perSecond(640 * scale, 64),
        },
        { name: `${EVENTS} events of one job`, unit: "/s", sample: eventsPerSecond },
      ],
      async close() {
        await client.close();
        await server.close();
        await endpoint.close();
      },
    };
  },
};
