// One worker of the many-nodes journey: a host on the shared database that drives what it gets until it is told to stop, or killed.
// Started by `fleet.ts`; its one argument is a WorkerConfig as JSON. It ends when its standard input does, so that
// nothing is left behind when the test's process goes.
import { callId, type ModelResult, NO_USAGE, tool } from "@pawl/core";
import type { Clock, Logger, Model } from "@pawl/core/ports";
import { systemClock } from "@pawl/effects";
import { createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import pg from "pg";
import { z } from "zod";
import { JOURNEY_SECRET } from "../journey-secret.ts";
import type { WorkerConfig } from "./fleet.ts";

const config = JSON.parse(process.argv[2] ?? "{}") as WorkerConfig;
const say = (level: string) => (message: string, facts?: Readonly<Record<string, unknown>>) =>
  process.stderr.write(`${config.nodeId} ${level} ${message} ${JSON.stringify(facts ?? {})}\n`);
const logger: Logger = { debug() {}, info() {}, warn: say("warn"), error: say("error") };

// What the tools do to the world outside is counted there, in a table that is none of Pawl's.
const world = new pg.Pool({ connectionString: config.worldUrl, max: 4 });
world.on("error", () => undefined);
const perform = (what: string, key: string) =>
  world.query("insert into world (what, key, node) values ($1, $2, $3)", [what, key, config.nodeId]);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const about = z.object({ about: z.string() });
const look = tool({
  description: "Looks something up",
  input: about,
  onCrash: "retry",
  execute: async (_input, { idempotencyKey }) => {
    await pause(config.toolMs);
    await perform("look", idempotencyKey);
    return "seen";
  },
});
async function hasHappened(_input: unknown, { idempotencyKey }: { readonly idempotencyKey: string }) {
  const query = "select from world where what = 'charge' and key = $1";
  const { rowCount } = await world.query(query, [idempotencyKey]);
  return rowCount === 0 ? { happened: false as const } : { happened: true as const, output: "charged" };
}

const charge = tool({
  description: "Charges a card",
  input: about,
  onCrash: "ask",
  timeoutMs: 2_000,
  execute: async (_input, { idempotencyKey }) => {
    await perform("charge", idempotencyKey);
    await pause(config.toolMs);
    return "charged";
  },
  // Without this a person is asked what became of a lost call.
  ...(config.asksPeople ? {} : { reconcile: hasHappened }),
});

/** Two tools at once, then a text; worked out from the request, so that any node can be asked. */
const model: Model = {
  id: "deterministic",
  async call({ messages }): Promise<ModelResult> {
    const done = messages.at(-1)?.role === "tool";
    const said = String(messages.filter(({ role }) => role === "user").length);
    return {
      ok: true,
      answer: {
        parts: done
          ? [{ type: "text", text: `answer ${said}` }]
          : [
              { type: "tool_call", callId: callId("look"), name: "look", input: { about: said } },
              { type: "tool_call", callId: callId("charge"), name: "charge", input: { about: said } },
            ],
        terminalReason: done ? "stop" : "tool_use",
        usage: { ...NO_USAGE, modelCalls: 1 },
        model: "deterministic",
      },
    };
  },
};

const store = postgresStore({
  url: config.url,
  poolSize: 6,
  acceptDataLoss: true,
  logger,
  ...(config.hints ? {} : { listenUrl: false as const }),
});
const heard = config.hints ? store : { ...store, leases: { ...store.leases, onWork: () => () => {} } };

/** How far this node's clock is ahead; a jumping one goes half an hour back and forth, twice a second. */
let aheadMs = 0;
process.on("SIGUSR2", () => {
  aheadMs = Math.round(Math.random() * 1_800_000);
});
if (config.clockJumps) {
  aheadMs = 3_600_000;
  setInterval(() => (aheadMs = 5_400_000 - aheadMs), 500).unref();
}

const { longestTimerMs = Number.POSITIVE_INFINITY } = config;
const clock: Clock = {
  now: () => Date.now() + aheadMs,
  at: (at, run) => (at > clock.now() + longestTimerMs ? () => {} : systemClock.at(at - aheadMs, run)),
};

const host = createHost({
  secret: JOURNEY_SECRET,
  store: heard,
  clock,
  model,
  tools: { look, charge },
  logger,
  nodeId: config.nodeId,
  concurrency: config.concurrency,
  leaseTtlMs: config.leaseTtlMs,
  ...(config.pollMs !== undefined && { pollMs: config.pollMs }),
  ...(config.maxAttempts !== undefined && { maxAttempts: config.maxAttempts }),
});

async function end(): Promise<void> {
  await host.stop({ drainMs: 500 });
  await store.close();
  await world.end();
  process.exit(0);
}

process.stdin.resume().once("end", () => process.exit(1));
process.once("SIGTERM", () => void end());
await host.start();
process.stdout.write("ready\n");
