// What is sent by a host that could drive it at once is accepted and claimed in one go; in everything else it is an input like any other.
import { NO_USAGE, PawlError, sessionId } from "@pawl/core";
import type { Model, Store } from "@pawl/core/ports";
import { createHost, type HostOptions } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock } from "@pawl/testing";
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
  const looks = { begun: 0, over: 0 };
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
        looks.begun += 1;
        try {
          const claims = await inner.leases.claim(lease, request);
          for (const claim of claims) asked.push(`claim ${claim.sessionId}`);
          return claims;
        } finally {
          looks.over += 1;
        }
      },
    },
  };
  return { store, asked, looks };
}

/** A host on a clock that stands still, so that it looks for work when it is told to and never else, and that has looked at its start. */
async function started(options: Partial<HostOptions> & { readonly model: Model }) {
  const clock = manualClock();
  const shared = memoryStore({ clock }) as Store<never>;
  const { store, asked, looks } = watched((options.store as Store<never> | undefined) ?? shared);
  const host = hostOf({ ...options, clock, store });
  await host.start();
  const settled = () =>
    vi.waitFor(async () => {
      const before = looks.begun;
      await clock.advance(0);
      expect([before > 0, looks.begun, looks.over]).toEqual([true, before, before]);
    }, PATIENCE);
  await settled();
  const ended = (name: string, revision: number) =>
    vi.waitFor(async () => {
      expect(await store.sessions.load(sessionId(name))).toMatchObject({ revision, holder: null });
      await settled();
    }, PATIENCE);
  return { host, store, asked, settled, ended };
}

function hostOf(options: Omit<HostOptions, "model"> & { readonly model: Model }) {
  const host = createHost({ ...options, store: options.store as Store<never> });
  hosts.push(host);
  return host;
}

describe("an input that this host could drive at once", () => {
  it("is claimed with its acceptance, turn after turn", async () => {
    const { host, asked, ended } = await started({ model: model([]) });
    for (const [index, text] of ["one", "two"].entries()) {
      const turn = await host.session("s").send(text);
      await ended("s", index + 1);
      expect(await turn.result()).toMatchObject({ status: "completed", text: "Done." });
    }
    expect(asked).toEqual(["accept for a claim", "accept for a claim"]);
  });

  it("waits like any other while this host is full, and comes in its order", async () => {
    const called: string[] = [];
    const gate = Promise.withResolvers<void>();
    const { host, asked, ended } = await started({ model: model(called, gate.promise), concurrency: 1 });
    for (const name of ["a", "b", "c"]) await host.session(name).send(name);
    await vi.waitFor(() => expect(called).toEqual(["a"]), PATIENCE);
    expect(asked).toEqual(["accept for a claim", "accept", "accept"]);
    gate.resolve();
    for (const name of ["a", "b", "c"]) await ended(name, 1);
    expect(called).toEqual(["a", "b", "c"]);
  });

  it("is not claimed by a host that is paused", async () => {
    const called: string[] = [];
    const { host, store, asked, ended } = await started({ model: model(called) });
    host.pause();
    await host.session("s").send("hello");
    expect(asked).toEqual(["accept"]);
    expect(await store.leases.backlog()).toMatchObject({ ready: 1 });
    host.resume();
    await ended("s", 1);
    expect([called, asked]).toEqual([["hello"], ["accept", "claim s"]]);
  });

  it("is not claimed by a host that was not started, and starts it", async () => {
    const { store, asked } = watched(memoryStore() as Store<never>);
    const host = hostOf({ store, model: model([]) });
    const turn = await host.session("s").send("first");
    expect(asked[0]).toBe("accept");
    expect((await turn.result()).status).toBe("completed");
    expect(asked).toEqual(["accept", "claim s"]);
  });

  it("is driven by somebody else when this host dies with its acceptance (D1, D17)", async () => {
    const clock = manualClock();
    const shared = memoryStore({ clock }) as Store<never>;
    const isDead = Promise.withResolvers<void>();
    let dead = false;
    const mortal = <Port extends object>(port: Port): Port =>
      new Proxy(port, {
        get(target, key) {
          const verb = Reflect.get(target, key) as (...args: unknown[]) => Promise<unknown>;
          if (String(key).startsWith("on")) return verb;
          return async (...args: unknown[]) => {
            if (dead) throw gone();
            const result = await verb.apply(target, args);
            if (key === "accept") dead = true;
            if (dead) isDead.resolve();
            if (dead) throw gone();
            return result;
          };
        },
      });
    const { sessions, log, inbox, leases } = shared;
    const doomed = { sessions: mortal(sessions), log: mortal(log), leases: mortal(leases) };
    const first = await started({
      store: { ...shared, ...doomed, inbox: mortal(inbox) } as never,
      model: model([]),
      nodeId: "same",
    });
    // What is dead is not stopped: it would wait for a clock that stands still.
    hosts.splice(0);
    const sent = first.host.session("s").send("hello");
    await expect(sent).rejects.toMatchObject({ code: "process_dead" });
    await isDead.promise;
    expect(first.asked).toEqual(["accept for a claim"]);
    expect((await shared.sessions.load(sessionId("s")))?.holder).toBe("same");
    const called: string[] = [];
    const second = await started({ store: shared as never, model: model(called), nodeId: "same" });
    await second.ended("s", 1);
    expect(called).toEqual(["hello"]);
  });
});

function gone(): PawlError {
  return new PawlError("process_dead", "This process is dead.", { blame: "infrastructure" });
}
