// D23: messages that commits leave for the world outside, and the letters that nobody tries any more.
import { BEHAVIOUR, inputId, NO_USAGE, nodeId, sessionId, turnId } from "@pawl/core";
import type { OutboxItem, Store } from "@pawl/core/ports";
import { createHost, type Host, type HostOptions, type OutboxMessage } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import { afterEach, describe, expect, it, vi } from "vitest";

const HOUR_MS = 3_600_000;
/** Neither a lease nor a poll of sessions comes in between. */
const SLOW = { leaseTtlMs: 1000 * HOUR_MS, pollMs: 100 * HOUR_MS };
const PATIENT = { timeout: 20_000 };

const hosts: Host[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop({ drainMs: 0 });
});

function scene(outbox: NonNullable<HostOptions["outbox"]>) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const host = createHost({ store, clock, model: scriptedModel([]), outbox, ...SLOW });
  hosts.push(host);
  return { clock, store, host };
}

/** Commits something of a session that leaves these behind, as a host of other parts does. */
async function commitWith(store: Store, session: string, outbox: readonly OutboxItem[]): Promise<void> {
  await store.open();
  const id = sessionId(session);
  const node = await store.leases.openNode(nodeId(`of_${session}`), { ttlMs: 1000 * HOUR_MS });
  const content = { parts: [{ type: "text" as const, text: "hi" }] };
  await store.inbox.accept({ inputId: inputId(`in_${session}`), sessionId: id, content, delivery: "next" });
  const [claim] = await store.leases.claim(node, { sessionId: id, limit: 1, behaviours: [BEHAVIOUR] });
  await store.sessions.commit(claim!.fence, {
    runId: turnId(`run_${session}`),
    boundary: "immediate",
    outcome: null,
    usage: NO_USAGE,
    delta: null,
    inputIds: [],
    outbox,
  });
}

/** Time goes on by little: hints count, and no poll comes to help. */
function soon(clock: ReturnType<typeof manualClock>, check: () => unknown): Promise<unknown> {
  return vi.waitFor(async () => {
    await clock.advance(1);
    await check();
  }, PATIENT);
}

const mail = (n: number): OutboxItem => ({ type: "message", topic: "mail", payload: { n } });
const numberOf = ({ payload }: OutboxMessage) => (payload as { n: number }).n;

describe("messages of the outbox", () => {
  it("D23 reach the handler of their topic in the order of the commits, and are gone then", async () => {
    const got: OutboxMessage[] = [];
    const { clock, store, host } = scene({ mail: (message) => void got.push(message) });
    await commitWith(store, "s1", [mail(1), { type: "message", topic: "other", payload: 0 }, mail(2)]);
    await host.start();
    await soon(clock, () => expect(got.map(numberOf)).toEqual([1, 2]));
    expect(got[0]).toMatchObject({ topic: "mail", sessionId: "s1", runId: "run_s1", attempt: 1 });
    expect(got[0]?.id).toMatch(/\/0$/);
    const left = () => store.outbox.list({ limit: 9 });
    await soon(clock, async () => expect(await left()).toMatchObject([{ item: { topic: "other" } }]));
  });

  it("are handed out when they are committed while the host runs, without a poll", async () => {
    const got: number[] = [];
    const { clock, store, host } = scene({ mail: (message) => void got.push(numberOf(message)) });
    await host.start();
    await commitWith(store, "s1", [mail(1)]);
    await soon(clock, () => expect(got).toEqual([1]));
  });

  it("come again later under the same id when they fail; what follows them waits, other sessions do not", async () => {
    const got: [string, number][] = [];
    let works = false;
    const { clock, store, host } = scene({
      mail: (message) => {
        got.push([message.id, message.attempt]);
        if (message.sessionId === "s1" && !works) throw new Error("no route to the post office");
      },
    });
    await commitWith(store, "s1", [mail(1), mail(2)]);
    await commitWith(store, "s2", [mail(3)]);
    await host.start();
    const records = await store.outbox.list({ sessionId: sessionId("s1"), limit: 9 });
    const ids = records.map(({ id }) => id);
    await vi.waitFor(async () => {
      expect(await store.outbox.list({ limit: 9 })).toMatchObject([
        { id: ids[0], attempts: 1, dead: false, failure: { message: "no route to the post office" } },
        { id: ids[1], attempts: 0 },
      ]);
    }, PATIENT);
    works = true;
    await clock.advance(1_000);
    await soon(clock, async () => expect(await store.outbox.list({ limit: 9 })).toEqual([]));
    expect(got.filter(([id]) => ids.includes(id))).toEqual([
      [ids[0], 1],
      [ids[0], 2],
      [ids[1], 1],
    ]);
  });

  it("are dead letters in the end, for which nothing waits, until somebody tries them again or discards them", async () => {
    let broken = true;
    const got: number[] = [];
    const { clock, store, host } = scene({
      mail: (message) => {
        if (broken && numberOf(message) === 1) throw Object.assign(new Error("refused"), { code: "E" });
        got.push(numberOf(message));
      },
    });
    await commitWith(store, "s1", [mail(1), mail(2)]);
    await host.start();
    await vi.waitFor(async () => {
      await clock.advance(600_000);
      expect(got).toEqual([2]);
    }, PATIENT);
    const [letter, ...others] = await host.deadLetters.list();
    expect(others).toEqual([]);
    expect(letter).toMatchObject({ sessionId: "s1", attempts: 15, failure: { message: "refused" } });
    expect(await host.deadLetters.list({ session: "s2" })).toEqual([]);
    broken = false;
    await host.deadLetters.retry(letter!.id);
    await soon(clock, () => expect(got).toEqual([2, 1]));
    await soon(clock, async () => expect(await store.outbox.list({ limit: 9 })).toEqual([]));
    const unknown = { code: "dead_letter_unknown" };
    await expect(host.deadLetters.retry(letter!.id)).rejects.toMatchObject(unknown);
    await expect(host.deadLetters.discard(letter!.id)).rejects.toMatchObject(unknown);
  });

  it("a handler that takes too long, or whose host stops, is told so, and the message stays", async () => {
    const signals: AbortSignal[] = [];
    const { clock, store, host } = scene({
      mail: (_, { signal }) => {
        signals.push(signal);
        return new Promise(() => {});
      },
    });
    await commitWith(store, "s1", [mail(1)]);
    await host.start();
    await vi.waitFor(() => expect(signals).toHaveLength(1), PATIENT);
    await clock.advance(30_000);
    await vi.waitFor(async () => {
      const failed = [{ attempts: 1, failure: { code: "outbox_handler_timeout" } }];
      expect(await store.outbox.list({ limit: 9 })).toMatchObject(failed);
    }, PATIENT);
    await vi.waitFor(async () => {
      await clock.advance(1_000);
      expect(signals).toHaveLength(2);
    }, PATIENT);
    await host.stop({ drainMs: 0 });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(await store.outbox.list({ limit: 9 })).toMatchObject([{ attempts: 2, dead: false }]);
  });

  it("that were being taken while the host began to stop are not begun any more, and stay", async () => {
    const got: number[] = [];
    const { store, host } = scene({ mail: (message) => void got.push(numberOf(message)) });
    await commitWith(store, "s1", [mail(1)]);
    const taken = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const take = store.outbox.take.bind(store.outbox);
    vi.spyOn(store.outbox, "take").mockImplementation(async (query) => {
      const records = await take(query);
      if (records.length > 0) taken.resolve();
      await go.promise;
      return records;
    });
    await host.start();
    await taken.promise;
    const stopped = host.stop({ drainMs: 0 });
    go.resolve();
    await stopped;
    expect(got).toEqual([]);
    expect(await store.outbox.list({ limit: 9 })).toMatchObject([{ dead: false, failure: null }]);
  });

  it("are delivered by a drain, for hosts that do not stay", async () => {
    const got: number[] = [];
    const store = memoryStore();
    const outbox = { mail: async (message: OutboxMessage) => void got.push(numberOf(message)) };
    const host = createHost({ store, model: scriptedModel([]), outbox });
    hosts.push(host);
    await commitWith(store, "s1", [mail(1), mail(2)]);
    await host.drain({ maxMs: 10_000 });
    expect(got).toEqual([1, 2]);
  });

  it("an input that its session refused is a dead letter too", async () => {
    const { store, host } = scene({});
    await host.session("gone").destroy();
    const content = { parts: [{ type: "text" as const, text: "hi" }] };
    const input = {
      inputId: inputId("in_x"),
      sessionId: sessionId("gone"),
      content,
      delivery: "next",
    } as const;
    await commitWith(store, "s1", [{ type: "input", input }]);
    const [letter] = await host.deadLetters.list();
    expect(letter).toMatchObject({ dead: true, failure: { code: "session_not_accepting" } });
    await host.deadLetters.discard(letter!.id);
    expect(await host.deadLetters.list()).toEqual([]);
  });
});
