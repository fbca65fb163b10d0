// A runner over the sessions of a store, as a host from parts has it.
import { inputId, type SessionId, sessionId } from "@pawl/core";
import { createQueueRunner } from "@pawl/queue-runner";
import { memoryStore } from "@pawl/store-memory";
import { manualClock } from "@pawl/testing";
import { expect, it } from "vitest";

function setUp() {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const driven: SessionId[] = [];
  const runner = createQueueRunner({
    queue: store.leases,
    clock,
    random: () => 0.5,
    drive: async ({ sessionId: id, fence }) => {
      driven.push(id);
      await store.leases.release(fence, { type: "retry", delayMs: 3_600_000 });
    },
  });
  const send = (name: string) =>
    store.inbox.accept({
      inputId: inputId(`in_${name}`),
      sessionId: sessionId(name),
      content: { parts: [{ type: "text", text: name }] },
      delivery: "next",
    });
  return { clock, store, driven, runner, send };
}

it("drives at its start what was there, and what comes when the store hints at it, without a poll", async () => {
  const { clock, driven, runner, send } = setUp();
  await send("before");
  runner.start();
  await clock.advance(0);
  expect(driven).toEqual(["before"]);
  await send("later");
  await clock.advance(0);
  expect(driven).toEqual(["before", "later"]);
  await runner.stop();
});

it("gives its lease back when it stops, begins nothing more, and says so to whoever would start it again", async () => {
  const { clock, store, driven, runner, send } = setUp();
  runner.start();
  await clock.advance(0);
  expect(await store.leases.nodes({ limit: 10 })).toMatchObject([{ alive: true }]);
  await runner.stop();
  expect(await store.leases.nodes({ limit: 10 })).toMatchObject([{ alive: false }]);
  await send("after");
  await clock.advance(60_000);
  expect(driven).toEqual([]);
  expect(() => runner.start()).toThrow(expect.objectContaining({ code: "node_closed" }));
});
