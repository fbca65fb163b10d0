// What is sent by a host that could drive it at once is accepted and claimed in one go; in everything else it is an input like any other.
import { NO_USAGE, sessionId } from "@pawl/core";
import type { Model, Store } from "@pawl/core/ports";
import { createHost, type HostOptions } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { dyingStore } from "@pawl/testing";
import { afterEach, describe, expect, it, vi } from "vitest";

const PATIENCE = { timeout: 15_000 };

const hosts: { stop(options?: { drainMs?: number }): Promise<void> }[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop({ drainMs: 0 });
});

function model(called: string[], gate: Promise<unknown> = Promise.resolve()): Model {
  return {
    id: "m",
    async call({ messages }) {
      const said = messages.findLast(({ role }) => role === "user")?.parts[0];
      called.push(said?.type === "text" ? said.text : "?");
      await gate;
      return {
        ok: true,
        answer: {
          parts: [{ type: "text", text: "Done." }],
          terminalReason: "stop",
          usage: NO_USAGE,
          model: "m",
        },
      };
    },
  };
}

/** Writes down what it was asked for, in order. */
function watched(inner: Store<never>) {
  const asked: string[] = [];
  let looks = 0;
  const store: Store<never> = {
    ...inner,
    inbox: {
      ...inner.inbox,
      accept(input, options) {
        asked.push(options?.claim === undefined ? "accept" : "accept for a claim");
        return inner.inbox.accept(input, options);
      },
    },
    leases: {
      ...inner.leases,
      async claim(lease, request) {
        const claims = await inner.leases.claim(lease, request);
        for (const claim of claims) asked.push(`claim ${claim.sessionId}`);
        looks += 1;
        return claims;
      },
    },
  };
  /** The look of a host that has just started is over. */
  const looked = async () => {
    await vi.waitFor(() => expect(looks).toBe(1), PATIENCE);
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { store, asked, looked };
}

function hostOf(options: Omit<HostOptions, "model"> & { readonly model: Model }) {
  const host = createHost({ ...options, store: options.store as Store<never> });
  hosts.push(host);
  return host;
}

describe("an input that this host could drive at once", () => {
  it("is claimed with its acceptance, turn after turn", async () => {
    const { store, asked, looked } = watched(memoryStore() as Store<never>);
    const host = hostOf({ store, model: model([]), pollMs: 3_600_000 });
    await host.start();
    await looked();
    for (const text of ["one", "two"]) {
      const turn = await host.session("s").send(text);
      expect(await turn.result()).toMatchObject({ status: "completed", text: "Done." });
      await vi.waitFor(async () => expect((await host.session("s").record())?.holder).toBe(null), PATIENCE);
    }
    expect(asked).toEqual(["accept for a claim", "accept for a claim"]);
  });

  it("waits like any other while this host is full, and comes in its order", async () => {
    const { store, asked, looked } = watched(memoryStore() as Store<never>);
    const called: string[] = [];
    const gate = Promise.withResolvers<void>();
    const host = hostOf({ store, model: model(called, gate.promise), concurrency: 1, pollMs: 3_600_000 });
    await host.start();
    await looked();
    const turns = [];
    for (const name of ["a", "b", "c"]) turns.push(await host.session(name).send(name));
    await vi.waitFor(() => expect(called).toEqual(["a"]), PATIENCE);
    expect(asked).toEqual(["accept for a claim", "accept", "accept"]);
    gate.resolve();
    for (const turn of turns) expect((await turn.result()).status).toBe("completed");
    expect(called).toEqual(["a", "b", "c"]);
  });

  it("is not claimed by a host that is paused, and by one that was not started only once it is", async () => {
    const { store, asked } = watched(memoryStore() as Store<never>);
    const called: string[] = [];
    const host = hostOf({ store, model: model(called) });
    // Its first input starts it.
    const turn = await host.session("s").send("first");
    expect((await turn.result()).status).toBe("completed");
    host.pause();
    const later = await host.session("t").send("second");
    expect(asked).toEqual(["accept", "claim s", "accept"]);
    expect(await store.leases.backlog()).toMatchObject({ ready: 1 });
    host.resume();
    expect((await later.result()).status).toBe("completed");
  });

  it("is driven by somebody else when this host dies with its acceptance (D1, D17)", async () => {
    const shared = memoryStore() as Store<never>;
    // Its first write is the look at its start, which finds nothing; the second is the acceptance, which lands; nothing after it does.
    const doomed = dyingStore(shared, { write: 2, when: "after" }, { all: true });
    const first = hostOf({ store: doomed.store, model: model([]), nodeId: "first", pollMs: 3_600_000 });
    await first.start();
    await vi.waitFor(() => expect(doomed.writes).toEqual(["leases.claim"]), PATIENCE);
    await new Promise((resolve) => setTimeout(resolve));
    const sent = first
      .session("s")
      .send("hello")
      .catch((error: unknown) => error);
    await doomed.died;
    expect(await sent).toMatchObject({ code: "process_dead" });
    expect(doomed.writes).toEqual(["leases.claim", "inbox.accept"]);
    expect((await shared.sessions.load(sessionId("s")))?.holder).toBe("first");
    const called: string[] = [];
    const second = hostOf({ store: shared, model: model(called), nodeId: "first" });
    await second.start();
    await vi.waitFor(
      async () => expect((await shared.sessions.load(sessionId("s")))?.revision).toBe(1),
      PATIENCE,
    );
    expect(called).toEqual(["hello"]);
  });
});
