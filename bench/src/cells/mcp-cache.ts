import { createMcpTools } from "@pawl/mcp";
import { createDiscoveryCache, type DiscoveryKey, discoveryKey, type McpTool } from "@pawl/mcp-cache";
import type { Cell } from "../cell.ts";
import { collectGarbage } from "../collect-garbage.ts";
import { startListServer } from "../list-server.ts";
import { msPerUnit, msPerUnitAsync } from "../stopwatch.ts";

const CALLERS = 1_000;
const SERVERS = 20;
const TOOLS = 50;
const HITS = 500;

const BARE_LOOK_UP = "an awaited look-up in a Map";
const BARE_COPIES = `copies of ${(SERVERS * TOOLS).toLocaleString("en-US")} tools`;

export const mcpCacheCell: Cell = {
  name: "mcp-cache",
  title: "The cache of tool lists",
  about: `
    The cache of tool lists: a list in memory, against an awaited look-up in a \`Map\` by the same key; many callers at
    once who find none; and the toolbox of 20 servers on loopback whose lists are fresh, as \`@pawl/mcp\` opens it when a
    turn begins, against a copy of each of their tools.
  `,
  notShown: `
    What a cold list costs, which is the server's time and the network's, nor calls of tools. The fresh
    toolbox is of a session that had it before: its shown names are found again, not worked out.
  `,
  async open({ sampleMs }) {
    const cache = createDiscoveryCache<McpTool>();
    const hundred = keyOf("hundred");
    await cache.resolve(hundred, async () => ({ tools: toolList(100) }));
    const listServer = await startListServer(toolList(TOOLS));
    const names = Array.from({ length: SERVERS }, (_, i) => `server${i}`);
    const tools = createMcpTools({
      servers: names.map((name) => ({ name, url: listServer.url(name), allow: ["127.0.0.1"] })),
    });
    const session = { sessionId: "s1", signal: new AbortController().signal };

    async function openFresh(): Promise<number> {
      const { definitions } = await tools.open(undefined, session);
      if (definitions.length !== SERVERS * TOOLS) throw new Error(`${definitions.length} tools were found.`);
      return 1;
    }
    await openFresh();
    const { publicSlot } = hundred;
    const bare = new Map([[publicSlot, { tools: toolList(100) }]]);
    const all = toolList(SERVERS * TOOLS);

    return {
      subjects: [
        {
          name: BARE_LOOK_UP,
          unit: "µs",
          sample: async () => {
            const lookUps = async () => {
              for (let i = 0; i < HITS; i++) if ((await bare.get(publicSlot)) === undefined) unexpected();
              return HITS;
            };
            return 1_000 * (await msPerUnitAsync(lookUps, sampleMs, "wall"));
          },
        },
        {
          name: "fresh list of 100 tools",
          unit: "µs",
          floor: BARE_LOOK_UP,
          target: { of: "value", atMost: 2 },
          sample: async () => {
            const hits = async () => {
              for (let i = 0; i < HITS; i++) await cache.resolve(hundred, unexpected);
              return HITS;
            };
            return 1_000 * (await msPerUnitAsync(hits, sampleMs, "wall"));
          },
        },
        {
          name: `fetches for ${CALLERS} cold callers`,
          unit: "fetches",
          target: { of: "value", atLeast: 1, atMost: 1 },
          sample: fetchesOfColdCallers,
        },
        { name: "memory per idle entry beyond its tools", unit: "bytes", sample: bytesPerEntry },
        {
          name: BARE_COPIES,
          unit: "ms",
          sample: () => {
            const copy = () => {
              const copies = all.map((tool) => ({ ...tool }));
              if (copies.length !== SERVERS * TOOLS) throw new Error("A copy is missing.");
              return 1;
            };
            return msPerUnit(copy, sampleMs, "wall");
          },
        },
        {
          name: `open, ${SERVERS} servers × ${TOOLS} tools, fresh`,
          unit: "ms",
          floor: BARE_COPIES,
          target: { of: "value", atMost: 1 },
          sample: async () => {
            const before = listServer.lists;
            const ms = await msPerUnitAsync(openFresh, sampleMs, "wall");
            if (listServer.lists !== before) throw new Error("A fresh list was fetched.");
            return ms;
          },
        },
      ],
      async close() {
        await tools.close();
        await listServer.close();
      },
    };
  },
};

async function fetchesOfColdCallers(): Promise<number> {
  const cache = createDiscoveryCache<McpTool>();
  const key = keyOf("cold");
  let fetches = 0;
  const refresh = async () => {
    fetches += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { tools: toolList(100) };
  };
  const results = await Promise.all(Array.from({ length: CALLERS }, () => cache.resolve(key, refresh)));
  if (results.some(({ tools }) => tools.length !== 100)) throw new Error("A caller did not get the list.");
  return fetches;
}

function keyOf(server: string): DiscoveryKey {
  return discoveryKey({ session: "s1", server, configuration: "c1" });
}

function toolList(count: number): readonly McpTool[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `tool_${i}`,
    description: `Does the thing number ${i}, and says what came of it.`,
    inputSchema: { type: "object", properties: { path: { type: "string" }, depth: { type: "integer" } } },
  }));
}

function unexpected(): never {
  throw new Error("A fresh list was fetched.");
}

const IDLE_ENTRIES = 2_000;

/** Heap after a collection with so many lists of no tools, less the heap before. */
async function bytesPerEntry(): Promise<number> {
  const cache = createDiscoveryCache<McpTool>({ maxEntries: IDLE_ENTRIES });
  const keys = Array.from({ length: IDLE_ENTRIES }, (_, i) => keyOf(`idle${i}`));
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (const key of keys) await cache.resolve(key, async () => ({ tools: [] }));
  collectGarbage();
  const bytes = (process.memoryUsage().heapUsed - before) / IDLE_ENTRIES;
  // Kept alive until it was measured.
  if (cache.stats().entries !== IDLE_ENTRIES) throw new Error("Some entries are gone.");
  return bytes;
}
