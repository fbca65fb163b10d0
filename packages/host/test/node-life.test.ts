import { inputId, NO_USAGE, PawlError, sessionId } from "@pawl/core";
import type { Model, Store } from "@pawl/core/ports";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock } from "@pawl/testing";
import { describe, expect, it, vi } from "vitest";

const model: Model = {
  id: "plain",
  call: async () => ({
    ok: true,
    answer: {
      parts: [{ type: "text", text: "ok" }],
      terminalReason: "stop",
      usage: { ...NO_USAGE, modelCalls: 1 },
      model: "plain",
    },
  }),
};

describe("a node", () => {
  it("that is paused begins nothing, another takes what comes, and resuming takes up the rest", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const paused = createHost({ store, clock, model, nodeId: "paused" });
    await paused.start();
    paused.pause();
    const first = await paused.session("s1").send("hi");
    await clock.advance(5_000);
    expect((await first.explain()).state).toBe("queued");

    const other = createHost({ store, clock, model, nodeId: "other" });
    await other.start();
    await clock.advance(500);
    expect((await first.explain()).state).toBe("completed");
    await other.stop();

    const second = await paused.session("s2").send("hi");
    await clock.advance(5_000);
    expect((await second.explain()).state).toBe("queued");
    paused.resume();
    await clock.advance(0);
    expect((await second.explain()).state).toBe("completed");
    await paused.stop();
  });

  it("drains for a caller without a loop of its own, and tells how much it drove", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const ids = ["a", "b", "c"].map((id) => sessionId(id));
    for (const id of ids) {
      const content = { parts: [{ type: "text", text: "hi" }] } as const;
      await store.inbox.accept({ inputId: inputId(`in_${id}`), sessionId: id, content, delivery: "next" });
    }
    const host = createHost({ store, clock, model });
    const draining = host.drain({ maxMs: 10_000 });
    await clock.advance(0);
    expect(await draining).toEqual({ driven: 3 });
    for (const id of ids) {
      expect((await store.inbox.list(id)).map(({ state }) => state)).toEqual(["consumed"]);
    }
    await host.stop();
  });

  it("D1 has one lease for all that its process holds, and a new one when that is lost", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const host = createHost({ store, clock, model, nodeId: "only" });
    const lease = await host.nodeLease();
    await host.start();
    expect(await host.nodeLease()).toEqual(lease);
    const [record] = await store.leases.nodes({ limit: 10 });
    expect(await store.leases.nodes({ limit: 10 })).toEqual([record]);
    expect(record).toMatchObject({ nodeId: "only", alive: true });

    // Somebody takes the name over: the next renewal is refused.
    const heir = await store.leases.openNode(lease.nodeId, { ttlMs: 60_000 });
    await clock.advance(15_000);
    const next = await host.nodeLease();
    expect(next.generation).toBeGreaterThan(heir.generation);
    await host.stop();
    await expect(host.nodeLease()).rejects.toMatchObject({ code: "node_closed" });
    expect(await store.leases.nodes({ limit: 10 })).toMatchObject([{ alive: false }]);
  });

  it("that is asked to stop once more ends at once, nothing is lost, and the next one goes on", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    const aborted: string[] = [];
    const called: string[] = [];
    const endless: Model = {
      id: "endless",
      call: (_request, { signal }) => {
        called.push("called");
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            aborted.push("aborted");
            reject(signal.reason);
          });
        });
      },
    };
    const host = createHost({ store, clock, model: endless });
    await host.start();
    const turn = await host.session("s1").send("hi");
    await vi.waitFor(() => expect(called).toHaveLength(1), { timeout: 10_000 });
    let patient = false;
    const stopping = host.stop({ drainMs: 60_000 }).then(() => {
      patient = true;
    });
    await clock.advance(1_000);
    expect([patient, aborted]).toEqual([false, []]);
    // From here on no time passes.
    const atOnce = host.stop({ drainMs: 0 });
    await clock.advance(0);
    await Promise.all([atOnce, stopping]);
    expect(aborted).toEqual(["aborted"]);
    expect(await host.ready()).toBe(false);
    const next = createHost({ store, clock, model });
    await next.start();
    await clock.advance(500);
    expect(await next.turn(turn.id).result()).toMatchObject({ status: "completed", text: "ok" });
    expect((await next.session("s1").inputs()).map(({ state }) => state)).toEqual(["consumed"]);
    await next.stop();
  });

  it("stops within its bound when the store answers nothing any more", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    let silent = false;
    const quiet = <Port extends object>(port: Port): Port =>
      new Proxy(port, {
        get(target, name) {
          const verb: unknown = Reflect.get(target, name);
          if (typeof verb !== "function" || String(name).startsWith("on")) return verb;
          return (...args: unknown[]) => (silent ? new Promise(() => {}) : verb.apply(target, args));
        },
      });
    const cut = {
      ...store,
      leases: quiet(store.leases),
      inbox: quiet(store.inbox),
      log: quiet(store.log),
      sessions: quiet(store.sessions),
      awaits: quiet(store.awaits),
    } as Store<never>;
    const host = createHost({ store: cut, clock, model });
    await host.start();
    silent = true;
    await clock.advance(1_000);
    let stopped = false;
    const stopping = host.stop({ drainMs: 4_000 }).then(() => {
      stopped = true;
    });
    await clock.advance(8_000);
    expect(stopped).toBe(true);
    await stopping;
  });

  it("that was stopped says so to whoever would start it again, and what is sent to it is for others", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    for (const started of [true, false]) {
      const host = createHost({ store, clock, model });
      if (started) await host.start();
      await host.stop();
      await expect(host.start()).rejects.toMatchObject({
        code: "node_closed",
        message: expect.stringContaining("createHost"),
      });
      await expect(host.drain({ maxMs: 1_000 })).rejects.toMatchObject({ code: "node_closed" });
    }
    const unused = createHost({ store, clock, model });
    await unused.stop();
    const turn = await unused.session("s1").send("hi");
    await clock.advance(10_000);
    expect((await turn.explain()).state).toBe("queued");
    const other = createHost({ store, clock, model });
    await other.start();
    await clock.advance(500);
    expect((await turn.explain()).state).toBe("completed");
    await other.stop();
  });

  it("that was started twice, or stopped while it starts, keeps its process no longer than it lives", async () => {
    const kept = new Set<unknown>();
    const { setInterval: set, clearInterval: clear } = globalThis;
    vi.spyOn(globalThis, "setInterval").mockImplementation(((...args: Parameters<typeof set>) => {
      const timer = set(...args);
      kept.add(timer);
      return timer;
    }) as typeof set);
    vi.spyOn(globalThis, "clearInterval").mockImplementation((timer) => {
      kept.delete(timer);
      clear(timer);
    });
    try {
      const twice = createHost({ store: memoryStore(), model });
      await Promise.all([twice.start(), twice.start()]);
      expect(kept.size).toBe(1);
      await twice.stop();
      expect(kept.size).toBe(0);

      const gate = Promise.withResolvers<void>();
      const inner = memoryStore();
      const slow = { ...inner, open: () => gate.promise } as Store<never>;
      const early = createHost({ store: slow, model });
      const starting = early.start();
      await early.stop({ drainMs: 0 });
      gate.resolve();
      await starting.catch(() => {});
      expect(kept.size).toBe(0);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it("drains no longer than it may, also when the store does not answer", async () => {
    const clock = manualClock();
    const stuck = { ...memoryStore({ clock }), open: () => new Promise(() => {}) } as Store<never>;
    const draining = createHost({ store: stuck, clock, model }).drain({ maxMs: 5_000 });
    await clock.advance(5_000);
    expect(await draining).toEqual({ driven: 0 });
  });

  it("that could not begin is begun by the next who asks", async () => {
    const clock = manualClock();
    const store = memoryStore({ clock });
    let down = true;
    const flaky = {
      ...store,
      open: async () => {
        if (down) throw new PawlError("store_unreachable", "No route.", { blame: "infrastructure" });
        await store.open();
      },
    } as Store<never>;
    const host = createHost({ store: flaky, clock, model });
    await expect(host.start()).rejects.toMatchObject({ code: "store_unreachable" });
    down = false;
    await host.start();
    const turn = await host.session("s1").send("hi");
    await clock.advance(0);
    expect((await turn.explain()).state).toBe("completed");
    await host.stop();
  });
});
