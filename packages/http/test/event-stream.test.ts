import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createHandler } from "../src/index.ts";
import { committed, createFakeHost, SESSION, TURN, textDelta } from "./fake-host.ts";

function setUp() {
  const fake = createFakeHost();
  const stopping = new AbortController();
  const errors: unknown[] = [];
  const handle = createHandler(fake.host, {
    authorize: () => ({ name: "alice" }),
    signal: stopping.signal,
    heartbeatMs: 1_000,
    onError: (error) => errors.push(error),
  });
  const open = async (path: string, init: RequestInit = {}) => handle(new Request(`http://x${path}`, init));
  return { fake, open, stopping, errors };
}

const idsOf = (text: string) => [...text.matchAll(/^id: (.+)$/gm)].map((match) => match[1]);
const reader = (response: Response) => {
  const chunks = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  return async () => (await chunks.read()).value;
};

describe("the events of a turn", () => {
  it("come as server-sent events with the event's id, and end with the turn", async () => {
    const { fake, open } = setUp();
    fake.events = [textDelta(1, "a\nb"), committed(2)];
    const response = await open(`/v1/turns/${TURN}/events`);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const text = await response.text();
    expect(idsOf(text)).toEqual(["1.0", "2.0"]);
    const first = JSON.parse(/^data: (.+)$/m.exec(text)?.[1] ?? "");
    expect(first).toEqual({
      type: "text.delta",
      id: "1.0",
      turn_id: TURN,
      at: 1_001,
      effect_id: "0.model_call.0",
      attempt: 0,
      text: "a\nb",
    });
  });

  it("go on after Last-Event-ID, which is newer than ?after=", async () => {
    const { fake, open } = setUp();
    fake.events = [textDelta(1, "a"), textDelta(2, "b"), textDelta(3, "c"), committed(4)];
    const path = `/v1/turns/${TURN}/events?after=1.0`;
    expect(idsOf(await (await open(path)).text())).toEqual(["2.0", "3.0", "4.0"]);
    const resumed = await open(path, { headers: { "last-event-id": "3.0" } });
    expect(idsOf(await resumed.text())).toEqual(["4.0"]);
  });

  it("refuse what is no event id", async () => {
    const { open } = setUp();
    expect((await open(`/v1/turns/${TURN}/events?after=x`)).status).toBe(400);
    expect((await open(`/v1/turns/${TURN}/events`, { headers: { "last-event-id": "1;drop" } })).status).toBe(
      400,
    );
    expect((await open("/v1/turns/other/events")).status).toBe(404);
  });

  it("answer 204 when all of an ended turn was seen, so that an EventSource stays away", async () => {
    const { fake, open } = setUp();
    fake.events = [textDelta(1, "a"), committed(2)];
    fake.state = "completed";
    expect((await open(`/v1/turns/${TURN}/events?after=2.0`)).status).toBe(204);
    expect(idsOf(await (await open(`/v1/turns/${TURN}/events?after=1.0`)).text())).toEqual(["2.0"]);
  });
});

describe("the events of a session", () => {
  it("are there for sessions that are", async () => {
    const { fake, open } = setUp();
    fake.events = [textDelta(1, "a"), committed(2)];
    expect(idsOf(await (await open(`/v1/sessions/${SESSION}/events`)).text())).toEqual(["1.0", "2.0"]);
    expect((await open("/v1/sessions/other/events")).status).toBe(404);
  });
});

describe("a stream", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("says that it lives while nothing happens, and loses no event to that", async () => {
    const { fake, open } = setUp();
    const more = Promise.withResolvers<void>();
    fake.more = more.promise;
    const next = reader(await open(`/v1/turns/${TURN}/events`));
    expect(await next()).toBe(": open\n\n");
    const beat = next();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await beat).toBe(": alive\n\n");
    more.resolve();
    expect(await next()).toBeUndefined();
  });

  it("asks its source for no more than a slow reader takes", async () => {
    const { fake, open } = setUp();
    fake.events = Array.from({ length: 1_000 }, (_, n) => textDelta(n + 1, "x"));
    const next = reader(await open(`/v1/turns/${TURN}/events`));
    await next();
    await next();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(fake.pulls).toBeLessThan(10);
  });

  it.each(["its client leaves", "its server stops", "its reader cancels"] as const)(
    "ends when %s",
    async (who) => {
      const { fake, open, stopping, errors } = setUp();
      const client = new AbortController();
      const response = await open(`/v1/turns/${TURN}/events`, { signal: client.signal });
      if (who === "its reader cancels") {
        const chunks = response.body!.getReader();
        await chunks.read();
        await vi.advanceTimersByTimeAsync(0);
        await chunks.cancel();
      } else {
        const next = reader(response);
        await next();
        (who === "its client leaves" ? client : stopping).abort();
        expect(await next()).toBeUndefined();
      }
      await vi.advanceTimersByTimeAsync(0);
      expect(fake.closed).toBe(1);
      expect(errors).toEqual([]);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it("is cut by an error of its source, so that the client comes back", async () => {
    const { fake, open, errors } = setUp();
    const more = Promise.withResolvers<void>();
    fake.more = more.promise;
    const response = await open(`/v1/turns/${TURN}/events`);
    fake.failWith = new Error("the database went away");
    more.resolve();
    await expect(response.text()).rejects.toThrow();
    expect(errors).toEqual([fake.failWith]);
  });
});
