import { expect, test } from "vitest";
import { ArcpServer } from "../../src/server/arcp-server.ts";
import { memoryTransportPair } from "../../src/transports/memory.ts";
import { ManualClock } from "../support/manual-clock.ts";

async function openIdle(features: readonly string[]): Promise<ManualClock> {
  const clock = new ManualClock();
  const server = new ArcpServer({ clock, agents: [], authenticate: () => ({ id: "ada" }) });
  await server.start();
  const [ours, theirs] = memoryTransportPair();
  const welcomed = Promise.withResolvers<void>();
  ours.start({
    frame: (data) => JSON.parse(String(data)).type === "session.welcome" && welcomed.resolve(),
    drain: () => {},
    closed: () => {},
  });
  server.accept(theirs);
  expect(clock.pending).toHaveLength(1);
  const payload = {
    client: { name: "idle", version: "0" },
    auth: { scheme: "bearer", token: "t" },
    capabilities: { encodings: ["json"], features },
  };
  ours.send(JSON.stringify({ arcp: "1.1", id: "m1", type: "session.hello", payload }));
  await welcomed.promise;
  await clock.advance(0);
  return clock;
}

test("without heartbeats it holds no timer once it was welcomed", async () => {
  expect((await openIdle([])).pending).toEqual([]);
});

test("with heartbeats it holds one", async () => {
  expect((await openIdle(["heartbeat"])).pending).toHaveLength(1);
});
