import { expect, test } from "vitest";
import { countingIds } from "../src/envelope/ids.ts";
import { memoryPersistence } from "../src/persistence/memory-persistence.ts";
import { ManualClock, settle } from "./support/manual-clock.ts";
import { MemoryRuntime } from "./support/memory-runtime.ts";

/**
 * Whole conversations, byte for byte, on a clock that stands still and ids that count. A difference is a change of
 * the wire: look at it before accepting it.
 */
async function transcript(
  play: (runtime: MemoryRuntime, clock: ManualClock) => Promise<void>,
): Promise<string> {
  const clock = new ManualClock();
  const runtime = new MemoryRuntime({
    clock,
    ids: countingIds(),
    persistence: memoryPersistence({ incarnation: "golden" }),
  });
  await play(runtime, clock);
  return `${runtime.wire.map(({ from, frame }) => `${from === "client" ? "C" : "R"} ${frame}`).join("\n")}\n`;
}

async function clientOf(runtime: MemoryRuntime, clock: ManualClock) {
  return await runtime.connect({ clock, ids: countingIds(), client: { name: "golden", version: "1" } });
}

async function finish(clock: ManualClock, closing: Promise<void>): Promise<void> {
  await clock.advance(0);
  await closing;
}

const scenes: Record<string, (runtime: MemoryRuntime, clock: ManualClock) => Promise<void>> = {
  "echo-and-refusal": async (runtime, clock) => {
    const client = await clientOf(runtime, clock);
    await (await client.submit({ agent: "echo", input: { hello: "world" } })).done;
    await client.submit({ agent: "nobody" }).catch(() => undefined);
    await client.listJobs({ status: ["success"] });
    await finish(clock, client.close());
  },
  "budget-and-delegation": async (runtime, clock) => {
    const client = await clientOf(runtime, clock);
    const spender = await client.submit({
      agent: "spender",
      input: { costs: [0.5, 0.5, 0.5], unit: "USD" },
      lease: { "tool.call": ["work.*"], "cost.budget": ["USD:1.00"] },
      leaseConstraints: { expires_at: "2026-01-01T01:00:00Z" },
    });
    await spender.done;
    const delegator = await client.submit({
      agent: "delegator",
      input: { agent: "echo", input: 1, lease: { "cost.budget": ["USD:0.25"] }, waitMs: 10 },
      lease: { "agent.delegate": ["echo"], "cost.budget": ["USD:1.00"] },
    });
    await clock.advance(10);
    await delegator.done;
    await finish(clock, client.close());
  },
  "resume-cancel-subscribe": async (runtime, clock) => {
    const client = await clientOf(runtime, clock);
    const job = await client.submit({ agent: "counter", input: { n: 5, delayMs: 100 } });
    await clock.advance(150);
    runtime.drop();
    await clock.advance(50);
    const watcher = await clientOf(runtime, clock);
    const watching = await watcher.subscribe(job.jobId, { history: true });
    await settle();
    await job.cancel("enough");
    await clock.advance(0);
    await watching.done;
    await finish(clock, watcher.close());
    await finish(clock, client.close());
  },
  "chunks-and-heartbeat": async (runtime, clock) => {
    const client = await clientOf(runtime, clock);
    await (await client.submit({ agent: "chunker", input: { chunks: 2, size: 4 } })).done;
    await clock.advance(31_000);
    await finish(clock, client.close());
  },
};

test.each(Object.keys(scenes))("%s", async (name) => {
  const play = scenes[name] as (typeof scenes)[string];
  const text = await transcript(play);
  expect(await transcript(play)).toBe(text);
  await expect(text).toMatchFileSnapshot(`golden/${name}.txt`);
});
