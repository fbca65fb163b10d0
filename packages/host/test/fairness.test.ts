import { inputId, NO_USAGE, PawlError, sessionId } from "@pawl/core";
import type { Clock, Model, Store, ToolProvider } from "@pawl/core/ports";
import { createHost, type HostOptions } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { type ManualClock, manualClock } from "@pawl/testing";
import { describe, expect, it } from "vitest";

/** Answers after `ms` of the clock, and writes down what it was told. */
function slowModel(clock: Clock, ms: number, order: string[]): Model {
  return {
    id: "slow",
    call: ({ messages }) =>
      new Promise((resolve) => {
        const said = messages.findLast(({ role }) => role === "user")?.parts[0];
        order.push(said?.type === "text" ? said.text : "?");
        clock.at(clock.now() + ms, () =>
          resolve({
            ok: true,
            answer: {
              parts: [{ type: "text", text: "ok" }],
              terminalReason: "stop",
              usage: { ...NO_USAGE, modelCalls: 1 },
              model: "slow",
            },
          }),
        );
      }),
  };
}

async function queue(store: Store<never>, session: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await store.inbox.accept({
      inputId: inputId(`in_${session}_${index}`),
      sessionId: sessionId(session),
      content: { parts: [{ type: "text", text: session }] },
      delivery: "next",
    });
  }
}

function setUp(options: Partial<HostOptions> = {}) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const order: string[] = [];
  const hostWith = (more: Partial<HostOptions> = {}) =>
    createHost({ store, clock, model: slowModel(clock, 600, order), ...options, ...more });
  return { clock, store, order, hostWith };
}

async function until<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let over = false;
  promise.finally(() => (over = true)).catch(() => {});
  for (let i = 0; i < 5_000 && !over; i++) {
    if (!(await clock.next())) await clock.advance(1_000);
  }
  if (!over) throw new Error("It is still not over after 5,000 timers of the manual clock.");
  return promise;
}

describe("one session does not hold up the rest", () => {
  it("with 10,000 inputs queued before everybody else's, on a node that drives one session at a time", async () => {
    const { clock, store, order, hostWith } = setUp();
    await queue(store, "busy", 10_000);
    await clock.advance(1);
    const host = hostWith({ concurrency: 1 });
    const others = ["a", "b", "c", "d", "e"];
    const turns = await Promise.all(others.map((id) => host.session(id).send(id)));
    await host.start();
    const results = await until(clock, Promise.all(turns.map((turn) => turn.result())));
    expect(results.map(({ status }) => status)).toEqual(Array(5).fill("completed"));
    // Two turns of 600 ms fill a stint of a second; after each but the first somebody else comes. One has begun behind the last of them.
    expect(order.filter((id) => id !== "busy")).toEqual(others);
    expect(order.filter((id) => id === "busy").length).toBeLessThanOrEqual(2 * others.length + 3);
    await until(clock, host.stop({ drainMs: 0 }));
  });

  it("also when the node has only its poll, and the others come while it is busy", async () => {
    const { clock, store, order, hostWith } = setUp();
    const deaf = { ...store, leases: { ...store.leases, onWork: () => () => {} } };
    await queue(store, "busy", 100);
    const host = hostWith({ concurrency: 1, store: deaf });
    await host.start();
    await clock.advance(3_000);
    for (const id of ["a", "b", "c"]) await queue(store, id, 1);
    await clock.advance(12_000);
    expect(order.filter((id) => id !== "busy").sort()).toEqual(["a", "b", "c"]);
    expect((await store.inbox.list(sessionId("busy"))).some(({ state }) => state === "queued")).toBe(true);
    await until(clock, host.stop({ drainMs: 0 }));
  });

  it("with a turn that never ends, as long as there is room for one more", async () => {
    const { clock, order, hostWith } = setUp();
    const quick = slowModel(clock, 600, order);
    const model: Model = {
      id: "either",
      call: (request, context) =>
        JSON.stringify(request.messages).includes("endless")
          ? new Promise((_resolve, reject) => {
              context.signal.addEventListener("abort", () => reject(context.signal.reason));
            })
          : quick.call(request, context),
    };
    const host = hostWith({ concurrency: 2, model });
    const endless = await host.session("endless").send("endless");
    for (let index = 0; index < 5; index++) {
      const turn = await host.session(`s${index}`).send("quick");
      expect(await until(clock, turn.result())).toMatchObject({ status: "completed" });
    }
    expect(await endless.explain()).toMatchObject({ state: "running" });
    await until(clock, host.stop({ drainMs: 0 }));
  });

  it("with an input that fails every drive, which ends visibly after a bounded number of attempts (D17)", async () => {
    let opened = 0;
    const toolProvider: ToolProvider = {
      open: async (environment) => {
        if (environment !== "poison")
          return { definitions: [], execute: () => Promise.reject(new Error("There are no tools.")) };
        opened += 1;
        throw new PawlError("tools_unreachable", "The tools cannot be reached.", { blame: "infrastructure" });
      },
    };
    const { clock, hostWith } = setUp({ toolProvider });
    const host = hostWith({ concurrency: 1 });
    const poison = await host.session("poison").send("poison", { environment: "poison" });
    const behind = await host.session("poison").send("behind it");
    for (let index = 0; index < 3; index++) {
      const turn = await host.session(`s${index}`).send("plain");
      expect(await until(clock, turn.result())).toMatchObject({ status: "completed" });
    }
    expect(await poison.explain()).toMatchObject({ state: "queued" });
    expect(await until(clock, poison.result())).toMatchObject({
      status: "failed",
      code: "attempts_exhausted",
    });
    expect(opened).toBe(6);
    expect(await until(clock, behind.result())).toMatchObject({ status: "completed" });
    await until(clock, host.stop({ drainMs: 0 }));
  });
});
