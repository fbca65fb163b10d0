// Tools that answer later: D15, D16, D18, promise 4.
import { type Json, type PendingCall, type PendingOptions, type ToolRun, tool } from "@pawl/core";
import { parseKey } from "@pawl/effects";
import { createHost, type Host, type HostOptions, type Turn } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { type ManualClock, manualClock, scriptedModel } from "@pawl/testing";
import { afterEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import { z } from "zod";

const hosts: Host[] = [];
const clocks: ManualClock[] = [];
afterEach(async () => {
  const stopping = Promise.all(hosts.splice(0).map((host) => host.stop({ drainMs: 50 })));
  const [clock] = clocks.splice(0);
  await (clock === undefined ? stopping : moved(clock, stopping));
});

/** Lets time pass until something has happened. */
async function moved<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let over = false;
  const settled = promise.finally(() => {
    over = true;
  });
  while (!over) await clock.advance(50);
  return settled;
}

interface Scene {
  readonly pending?: PendingOptions;
  readonly host?: Partial<HostOptions>;
  readonly body?: (run: ToolRun) => Promise<unknown>;
  readonly script?: readonly string[];
}

/** A tool that hands its key to somebody outside and answers later. */
function scene({ pending = {}, host: over = {}, body, script = ["done"] }: Scene = {}) {
  const handed: PendingCall[] = [];
  const job = tool({
    description: "Begins a job elsewhere",
    input: z.object({}),
    onCrash: "retry",
    async execute(_, run) {
      if (body !== undefined) return (await body(run)) as Json;
      const later = await run.pending(pending);
      handed.push(later);
      return later;
    },
  });
  const store = over.store ?? memoryStore();
  const model = scriptedModel([{ tools: [{ name: "job" }] }, ...script]);
  const options = { store, model, tools: { job }, ...over } as HostOptions;
  const start = () => {
    const host = createHost(options);
    hosts.push(host);
    return host;
  };
  return { host: start(), start, handed, store, model };
}

async function toolResult(host: Host) {
  const messages = await host.session("s1").transcript();
  return messages.find(({ role }) => role === "tool")?.parts[0];
}

async function waits(turn: Turn) {
  const result = await turn.result();
  if (result.status !== "waiting") throw new Error(`It is ${result.status}.`);
  return result.waits;
}

describe("a tool that answers later", () => {
  it("gives its key away, the turn is parked, and whoever has the key answers: once", async () => {
    const { host, handed } = scene({ pending: { note: "at the printer's", for: "printer" } });
    const turn = await host.session("s1").send("go");
    const [wait] = await waits(turn);
    const [later] = handed;
    expect(wait).toMatchObject({
      id: later?.id,
      reason: { type: "tool_pending", tool: "job", note: "at the printer's" },
    });
    expect(parseKey(later?.key ?? "")).toMatchObject({ keyId: later?.id, audience: "printer" });
    const key = later?.key ?? "";
    expect(await host.waits.look(key)).toMatchObject({
      audience: "printer",
      terminal: null,
      turnId: turn.id,
    });
    const ok = { status: "ok", payload: { pages: 3 } } as const;
    expect(await host.waits.resolve(key, ok)).toEqual({ status: "accepted" });
    expect(await turn.result()).toMatchObject({ status: "completed", text: "done" });
    expect(await toolResult(host)).toMatchObject({ status: "ok", output: { pages: 3 } });
    expect(await host.waits.resolve(key, { status: "ok", payload: 4 })).toEqual({
      status: "already_resolved",
      terminal: ok,
    });
    expect(await host.waits.resolve(`${key}x`, ok)).toEqual({ status: "unknown_or_revoked" });
    expect((await turn.replay()).identical).toBe(true);
  });

  it("is announced exactly once, also when hosts come and go, and goes on in any of them", async () => {
    const { host, start, handed } = scene();
    const turn = await host.session("s1").send("go");
    await waits(turn);
    await host.stop({ drainMs: 10 });
    const second = start();
    await second.start();
    await waits(second.turn(turn.id));
    await second.stop({ drainMs: 10 });
    const third = start();
    expect(await third.waits.answer(handed[0]?.id ?? "", { status: "ok", payload: 1 }, { by: "x" })).toEqual({
      status: "accepted",
    });
    expect(await third.turn(turn.id).result()).toMatchObject({ status: "completed" });
    const opened = [];
    for await (const event of third.turn(turn.id).events())
      if (event.type === "wait.opened") opened.push(event);
    expect(opened).toHaveLength(1);
    expect(handed).toHaveLength(1);
  });

  it("may be answered before it says later (resolve before wait)", async () => {
    const { host } = scene({
      body: async (run) => {
        const later = await run.pending();
        await host.waits.resolve(later.key, { status: "ok", payload: "at once" });
        return later;
      },
    });
    const turn = await host.session("s1").send("go");
    expect(await turn.result()).toMatchObject({ status: "completed" });
    expect(await toolResult(host)).toMatchObject({ output: "at once" });
  });

  it("may fail later", async () => {
    const { host, handed } = scene();
    const turn = await host.session("s1").send("go");
    await waits(turn);
    const failure = { status: "err", payload: { code: "jammed", message: "The paper is jammed." } } as const;
    await host.waits.resolve(handed[0]?.key ?? "", failure);
    await turn.result();
    expect(await toolResult(host)).toMatchObject({ status: "error", output: { code: "jammed" } });
  });

  it.each([["tell_model"], ["fail_turn"]] as const)(
    "D15 runs out of time with nobody there: %s",
    async (onTimeout) => {
      const clock = manualClock({ now: 1_000_000 });
      clocks.push(clock);
      const { host, handed } = scene({
        pending: { timeoutMs: 60_000, onTimeout },
        host: { store: memoryStore({ clock }), clock },
      });
      const turn = await host.session("s1").send("go");
      await moved(clock, waits(turn));
      const dueAt = (await host.waits.list())[0]?.dueAt as number;
      expect(dueAt).toBeGreaterThanOrEqual(1_060_000);
      expect(dueAt).toBeLessThan(1_061_000);
      await clock.advanceTo(dueAt);
      const result = await moved(clock, turn.result());
      if (onTimeout === "fail_turn") expect(result).toMatchObject({ status: "failed", code: "tool_timeout" });
      else
        expect(await toolResult(host)).toMatchObject({ status: "error", output: { code: "tool_timeout" } });
      expect(await host.waits.resolve(handed[0]?.key ?? "", { status: "ok", payload: 1 })).toMatchObject({
        status: "already_resolved",
        terminal: { status: "timeout" },
      });
    },
  );

  it("keeps its first deadline and its key when it is called again after a failure", async () => {
    const seen: PendingCall[] = [];
    const { host } = scene({
      body: async (run) => {
        seen.push(await run.pending({ timeoutMs: 1_000_000 }), await run.pending({ timeoutMs: 5 }));
        return seen[0];
      },
    });
    const turn = await host.session("s1").send("go");
    await waits(turn);
    expect(seen[1]).toBe(seen[0]);
    expect((await host.waits.list())[0]?.dueAt).toBeGreaterThan(Date.now() + 900_000);
  });

  it("that answers at once after all settles its key with that", async () => {
    let key = "";
    const { host } = scene({
      body: async (run) => {
        key = (await run.pending()).key;
        return "here it is";
      },
    });
    expect(await (await host.session("s1").send("go")).result()).toMatchObject({ status: "completed" });
    expect(await toolResult(host)).toMatchObject({ output: "here it is" });
    expect(await host.waits.list()).toEqual([]);
    expect(await host.waits.resolve(key, { status: "ok", payload: "other" })).toEqual({
      status: "already_resolved",
      terminal: { status: "ok", payload: "here it is" },
    });
  });

  it.each([
    ["an object of its own", async () => ({ id: "x", key: "y", "~pending": true })],
    ["a copy of the real one", async (run: ToolRun) => ({ ...(await run.pending()) })],
  ])("cannot say later with %s: nobody could answer that", async (_, body) => {
    const { host } = scene({ body });
    expect(await (await host.session("s1").send("go")).result()).toMatchObject({ status: "completed" });
    expect(await toolResult(host)).toMatchObject({
      status: "error",
      output: { code: "tool_pending_without_key" },
    });
  });

  it("refuses a deadline that is none", async () => {
    const { host } = scene({ pending: { timeoutMs: Number.NaN } });
    await (await host.session("s1").send("go")).result();
    expect(await toolResult(host)).toMatchObject({ output: { code: "invalid_deadline" } });
  });

  it("has an output type without the pending call", () => {
    const typed = tool({
      description: "",
      input: z.object({}),
      execute: async (_, run) => (Math.random() > 2 ? { pages: 3 } : run.pending()),
    });
    expectTypeOf(typed["~tool"]).toEqualTypeOf<
      { readonly input: Record<string, never>; readonly output: { pages: number } } | undefined
    >();
  });
});

describe("an answer that comes after the turn has ended without it (D18)", () => {
  it("becomes an input of the session, once, whatever happens to the first answer", async () => {
    const { host, handed, model } = scene({ script: ["I see."] });
    const turn = await host.session("s1").send("go");
    await waits(turn);
    await turn.cancel({ reason: "enough" });
    expect(await turn.result()).toMatchObject({ status: "cancelled" });
    const key = handed[0]?.key ?? "";
    const outcome = { status: "ok", payload: { pages: 3 } } as const;
    expect(await host.waits.resolve(key, outcome)).toEqual({ status: "late" });
    expect(await host.waits.resolve(key, outcome)).toEqual({ status: "late" });
    expect(await host.waits.resolve(key, { status: "ok", payload: 4 })).toMatchObject({
      status: "already_resolved",
    });
    await vi.waitFor(async () => expect(await host.session("s1").turns()).toHaveLength(2), {
      timeout: 10_000,
    });
    const [, late] = await host.session("s1").turns();
    expect(await host.turn(late?.turnId ?? "").result()).toMatchObject({
      status: "completed",
      text: "I see.",
    });
    expect(JSON.stringify(model.calls.at(-1)?.messages)).toContain('"pages":3');
    expect(await host.session("s1").turns()).toHaveLength(2);
  });

  it("is told to be too late where the tool says so, and a cancel of a tool's own counts as its answer", async () => {
    const { host, handed } = scene({ pending: { onCancel: "forget" } });
    const turn = await host.session("s1").send("go");
    await waits(turn);
    await turn.cancel();
    await turn.result();
    expect(await host.waits.resolve(handed[0]?.key ?? "", { status: "ok", payload: 1 })).toEqual({
      status: "already_resolved",
      terminal: { status: "cancelled" },
    });
    expect(await host.session("s1").turns()).toHaveLength(1);
  });
});

describe("D18 a tool in this process that does not stop when it is told to", () => {
  /** Cancels the turn while its tool is at work, and lets the turn end without it. */
  async function givenUp(end: Promise<Json>, over: Partial<HostOptions> = {}) {
    const clock = manualClock();
    clocks.push(clock);
    const begun = Promise.withResolvers<void>();
    const { host, model } = scene({
      body: () => {
        begun.resolve();
        return end;
      },
      script: ["I see.", "And again."],
      host: { store: memoryStore({ clock }), clock, ...over },
    });
    const turn = await host.session("s1").send("go");
    await moved(clock, begun.promise);
    await turn.cancel();
    expect(await moved(clock, turn.result())).toMatchObject({ status: "cancelled" });
    expect(JSON.stringify(await toolResult(host))).toContain("outcome_unknown");
    return { clock, host, model };
  }

  it("has its answer told to the session, in a turn of its own, once", async () => {
    const work = Promise.withResolvers<Json>();
    const { clock, host, model } = await givenUp(work.promise);
    work.resolve({ pages: 3 });
    await moved(
      clock,
      vi.waitFor(async () => expect(await host.session("s1").turns()).toHaveLength(2), { timeout: 10_000 }),
    );
    const [, late] = await host.session("s1").turns();
    const result = moved(clock, host.turn(late?.turnId ?? "").result());
    expect(await result).toMatchObject({ status: "completed", text: "I see." });
    const told = JSON.stringify(model.calls.at(-1)?.messages);
    expect(told).toContain("has answered now");
    expect(told).toContain('"pages":3');
    await clock.advance(5_000);
    expect(await host.session("s1").turns()).toHaveLength(2);
  });

  it("has its failure told; that it stopped after all is nothing new", async () => {
    const failing = Promise.withResolvers<Json>();
    const failed = await givenUp(failing.promise);
    failing.reject(new Error("The paper is jammed."));
    await moved(
      failed.clock,
      vi.waitFor(async () => expect(await failed.host.session("s1").turns()).toHaveLength(2), {
        timeout: 10_000,
      }),
    );
    const stopping = Promise.withResolvers<Json>();
    const stopped = await givenUp(stopping.promise);
    stopping.reject(new DOMException("It was aborted.", "AbortError"));
    await stopped.clock.advance(5_000);
    expect(await stopped.host.session("s1").turns()).toHaveLength(1);
  });
});

describe("keys of a session that was revoked", () => {
  it("are refused, old and new, and who waits is told", async () => {
    const { host, handed, store } = scene();
    const turn = await host.session("s1").send("go");
    const [wait] = await waits(turn);
    await store.awaits.revokeSession("s1" as never);
    expect(await host.waits.resolve(handed[0]?.key ?? "", { status: "ok", payload: 1 })).toEqual({
      status: "unknown_or_revoked",
    });
    expect(await host.waits.look(handed[0]?.key ?? "")).toBeNull();
    await expect(host.waits.key(wait?.id ?? "")).rejects.toMatchObject({ code: "wait_unknown" });
    expect(await turn.result()).toMatchObject({ status: "completed" });
    expect(await toolResult(host)).toMatchObject({ output: { code: "await_event_unknown_or_revoked" } });
  });
});
