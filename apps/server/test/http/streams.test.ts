import { connect } from "node:net";
import type { TurnEvent } from "@pawl/core";
import { createHost, type EventOptions, type Host } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { scriptedModel } from "@pawl/testing";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { appUnderTest, TOKEN } from "./app-under-test.ts";

let host: Host;
let listening: Awaited<ReturnType<ReturnType<typeof appUnderTest>["listen"]>>;
/** Event streams of the host that are read from right now, and events that were taken from them. */
const open = { streams: 0, taken: 0 };

beforeEach(async () => {
  Object.assign(open, { streams: 0, taken: 0 });
  const inner = createHost({ store: memoryStore(), model: scriptedModel([{ text: "x".repeat(200_000) }]) });
  host = {
    ...inner,
    session(id) {
      const session = inner.session(id);
      return { ...session, events: (options) => counted(session.events(options), options) };
    },
  };
  await (await host.session("s1").send("hi")).result();
  listening = await appUnderTest(host).listen();
});
afterEach(async () => {
  listening.close();
  await host.stop({ drainMs: 50 });
});

/** The same events over and over, for as long as somebody takes them. */
async function* counted(events: AsyncIterable<TurnEvent>, options: EventOptions | undefined) {
  open.streams++;
  try {
    const known: TurnEvent[] = [];
    for await (const event of events) {
      known.push(event);
      if (known.length >= 3) break;
    }
    while (!options?.signal?.aborted) {
      for (const event of known) {
        open.taken++;
        yield event;
        await new Promise(setImmediate);
      }
    }
  } finally {
    open.streams--;
  }
}

it("lets a reader that does not read have no more than the buffers between hold", async () => {
  const socket = connect(listening.port, "127.0.0.1");
  socket.pause();
  socket.write(`GET /v1/sessions/s1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`);
  await vi.waitFor(() => expect(open.taken).toBeGreaterThan(0), { timeout: 10_000 });
  // It comes to rest: nothing is taken that cannot be sent.
  let last = -1;
  await vi.waitFor(
    () => {
      const before = last;
      last = open.taken;
      expect(before).toBe(last);
    },
    { interval: 200, timeout: 10_000 },
  );
  expect(open.streams).toBe(1);
  socket.destroy();
  await vi.waitFor(() => expect(open.streams).toBe(0), { timeout: 10_000 });
});

it("lets go of the host when its reader leaves", async () => {
  const abort = new AbortController();
  const response = await fetch(`${listening.url}/v1/sessions/s1/events`, {
    headers: { authorization: `Bearer ${TOKEN}` },
    signal: abort.signal,
  });
  await response.body?.getReader().read();
  await vi.waitFor(() => expect(open.streams).toBe(1), { timeout: 10_000 });
  abort.abort();
  await vi.waitFor(() => expect(open.streams).toBe(0), { timeout: 10_000 });
});
