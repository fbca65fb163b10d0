import { createDiscoveryCache, type DiscoveryKey, discoveryKey, type McpTool } from "@pawl/mcp-cache";
import type { Cell } from "../cell.ts";
import { msPerUnitAsync } from "../stopwatch.ts";

const CALLERS = 1_000;
const SERVERS = 20;
const HITS = 500;

/**
 * The cache of tool lists: a list in memory, many callers at once who find none, and the lists of 20 servers as a turn takes them
 * when it begins.
 *
 * It does not show a server, a network or the cold list of one; nor the work of `@pawl/mcp` around it, which gives tools their shown
 * names and hands them to a turn.
 */
export const mcpCacheCell: Cell = {
  name: "mcp-cache",
  async open({ sampleMs }) {
    const cache = createDiscoveryCache<McpTool>();
    const hundred = keyOf("hundred");
    await cache.resolve(hundred, async () => ({ tools: toolList(100) }));
    const servers = Array.from({ length: SERVERS }, (_, i) => keyOf(`server${i}`));
    for (const key of servers) await cache.resolve(key, async () => ({ tools: toolList(50) }));

    return {
      subjects: [
        {
          name: "fresh list of 100 tools",
          unit: "µs",
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
        {
          name: `fresh lists of ${SERVERS} servers × 50 tools`,
          unit: "ms",
          target: { of: "value", atMost: 1 },
          sample: () =>
            msPerUnitAsync(
              async () => {
                await Promise.all(servers.map((key) => cache.resolve(key, unexpected)));
                return 1;
              },
              sampleMs,
              "wall",
            ),
        },
      ],
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
