import { type ModelResult, PawlError, type ToolSet, tool } from "@pawl/core";
import type { Model, Store, Toolbox } from "@pawl/core/ports";
import { type ScriptedTurn, scriptedModel } from "@pawl/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { type DrivenOptions, drivenSession, SESSION, TURN } from "../support/driven-session.ts";
import { answer, definition, NEVER, OK, until } from "../support/effect-under-test.ts";

const input = z.object({});
const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
const host = globalThis as unknown as {
  process: { on(event: string, run: typeof note): void; off(event: string, run: typeof note): void };
};
beforeEach(() => host.process.on("unhandledRejection", note));
afterEach(async () => {
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
  host.process.off("unhandledRejection", note);
  expect(unhandled.splice(0)).toEqual([]);
});

const calls = (...names: readonly string[]): ScriptedTurn => ({ tools: names.map((name) => ({ name })) });
const work = (execute: () => unknown, given: object = {}): ToolSet => ({
  work: tool({ description: "Works", input, onCrash: "retry", execute, ...given }),
});
const deafModel: Model = { id: "deaf", call: () => NEVER };

/** A store one verb of which does something else first. */
/** A store whose claims do not say what is next, so that it has to be asked for. */
function withoutNext(store: Store): Store {
  const { claim } = store.leases;
  const leases: Store["leases"] = {
    ...store.leases,
    claim: async (...args) => (await claim(...args)).map(({ next: _next, ...bare }) => bare),
  };
  return { ...store, leases };
}

function intercepted<Port extends keyof Store>(
  port: Port,
  verb: keyof Store[Port],
  before: (call: number) => Promise<void>,
): (store: Store) => Store<never> {
  return (store) => {
    let count = 0;
    const inner = store[port] as unknown as Record<PropertyKey, (...args: unknown[]) => Promise<unknown>>;
    const proxy = new Proxy(inner, {
      get: (target, key) =>
        key !== verb
          ? target[key]
          : async (...args: unknown[]) => {
              count += 1;
              await before(count);
              return target[key]?.(...args);
            },
    });
    return { ...store, [port]: proxy } as unknown as Store<never>;
  };
}

async function cancel({ store }: { store: Store }): Promise<void> {
  await store.sessions.requestCancel(TURN, { requestId: "r1", origin: "test" });
}

/** Drives one input to where it comes by itself. */
async function driven(options: DrivenOptions) {
  const session = drivenSession(options);
  await session.send("go");
  const left = await until(session.clock, session.drive());
  return { session, left };
}

describe("a drive", () => {
  it("commits the turn, goes on with the inputs behind it, and leaves nothing armed", async () => {
    const session = drivenSession({
      model: scriptedModel([calls("work"), "one", "two"]),
      tools: work(() => 1),
    });
    await session.send("first");
    await session.send("second");
    expect(await until(session.clock, session.drive())).toEqual({ type: "idle" });
    expect(await session.outcome("in_1")).toMatchObject({ status: "completed", text: "one" });
    expect(await session.outcome("in_2")).toMatchObject({ status: "completed", text: "two" });
    expect(session.clock.pending).toEqual([]);
    const rows = await session.rows();
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_row, index) => index + 1));
  });

  it("that is told to stop before it begins performs nothing and writes nothing (D3)", async () => {
    const model = scriptedModel([]);
    const session = drivenSession({ model });
    await session.send("go");
    await expect(session.drive({ signal: AbortSignal.abort(new Error("lost")) })).rejects.toThrow("lost");
    expect(await session.rows()).toEqual([]);
    model.done();
  });

  it.each(["load", "pendingCancel"] as const)(
    "whose lease is lost while it reads (%s) begins nothing",
    async (verb) => {
      const lost = new AbortController();
      const model = scriptedModel([]);
      const session = drivenSession({
        model,
        through: (store) =>
          intercepted("sessions", verb, async () => lost.abort(new Error("lost")))(withoutNext(store)),
      });
      await session.send("go");
      await expect(until(session.clock, session.drive({ signal: lost.signal }))).rejects.toThrow(
        /lost|stopped driving/,
      );
      model.done();
      expect(session.clock.pending).toEqual([]);
    },
  );

  it("whose lease is lost aborts what runs, ends at once, and nothing of it is recorded (D3)", async () => {
    const lost = new AbortController();
    const session = drivenSession({ model: deafModel });
    await session.send("go");
    const driving = session.drive({ signal: lost.signal });
    await session.clock.advance(10);
    const before = await session.kinds();
    lost.abort(new Error("lost"));
    await expect(driving).rejects.toThrow("lost");
    await session.clock.advance(10_000);
    expect(await session.kinds()).toEqual(before);
    expect(session.clock.pending).toEqual([]);
  });

  it("whose streamed text cannot be written ends at once, although nobody waits for that write", async () => {
    let say: (text: string) => void = () => {};
    let stopped = false;
    const session = drivenSession({
      model: {
        id: "slow",
        call: (_request, { onText, signal }) => {
          say = onText;
          signal.addEventListener("abort", () => (stopped = true));
          return NEVER;
        },
      },
      through: intercepted("log", "append", async () => {
        throw new PawlError("store_fenced", "Another node owns it.", { blame: "infrastructure" });
      }),
    });
    await session.send("go");
    const driving = session.drive();
    await session.clock.advance(10);
    say("text");
    await expect(until(session.clock, driving)).rejects.toMatchObject({ code: "store_fenced" });
    expect(stopped).toBe(true);
    expect(session.clock.pending).toEqual([]);
  });

  it("that fails is tried again later, with a delay that grows, and the session is left", async () => {
    const { session, left } = await driven({
      model: scriptedModel(["x"]),
      through: intercepted("inbox", "checkpoint", async () => {
        throw new PawlError("store_write_failed", "No disk.", { blame: "infrastructure" });
      }),
    });
    expect(left).toEqual({ type: "retry", delayMs: 250 });
    expect(session.clock.pending).toEqual([]);
  });

  it("closes the tools of its turn, and does not wait for ever for that", async () => {
    for (const close of [
      () => NEVER,
      () => Promise.reject(new Error("stuck")),
      () => {
        throw new Error("burst");
      },
    ]) {
      const toolbox: Toolbox = { definitions: [], execute: async () => OK, close };
      const { session, left } = await driven({ model: scriptedModel(["x"]), toolbox });
      expect(left).toEqual({ type: "idle" });
      expect(session.logger.messages("warn")).toEqual(["closing tools failed"]);
      expect(session.clock.pending).toEqual([]);
    }
  });

  it("that cannot begin its turn closes the tools that were prepared", async () => {
    let closed = 0;
    const toolbox: Toolbox = {
      definitions: [],
      execute: async () => OK,
      close: async () => {
        closed += 1;
      },
    };
    await driven({
      model: scriptedModel([]),
      toolbox,
      through: intercepted("sessions", "beginTurn", () => Promise.reject(new Error("no store"))),
    });
    expect(closed).toBe(1);
  });
});

describe("a host that stops", () => {
  it("lets what runs end, begins nothing new, and leaves the turn to whoever comes next", async () => {
    const stopping = new AbortController();
    const model = scriptedModel([calls("work"), "done"]);
    const session = drivenSession({
      model,
      tools: work(() => {
        stopping.abort();
        return 1;
      }),
    });
    await session.send("go");
    expect(await until(session.clock, session.drive({ stopping: stopping.signal }))).toEqual({
      type: "idle",
    });
    expect(await session.kinds()).toEqual(["begin", "settled 1.model_call.0", "settled 1.tool_call.0"]);
    expect(session.clock.pending).toEqual([]);
    await until(session.clock, session.drive());
    expect(await session.outcome()).toMatchObject({ status: "completed", text: "done" });
    model.done();
  });

  it("takes no further input, and begins nothing of a turn that it resumes", async () => {
    const model = scriptedModel([]);
    const session = drivenSession({ model });
    await session.send("go");
    expect(await session.drive({ stopping: AbortSignal.abort() })).toEqual({ type: "idle" });
    expect(await session.rows()).toEqual([]);
    model.done();
  });
});

describe("a turn that is cancelled (D18)", () => {
  it("while a tool ignores it ends with an honest record, and what the tool does later harms nobody", async () => {
    const late = Promise.withResolvers<void>();
    const nextMay = Promise.withResolvers<void>();
    const world: string[] = [];
    const session = drivenSession({
      model: scriptedModel([calls("work"), { text: "next turn", after: nextMay.promise }]),
      tools: {
        work: tool({
          description: "Deaf",
          input,
          composite: true,
          execute: async (_input, { step }) => {
            await step("a", async () => 1);
            // Begun before the cancel, and over long after the turn.
            await step("b", async () => late.promise.then(() => world.push("b")));
            return step("c", async () => world.push("c"));
          },
        }),
      },
    });
    await session.send("go");
    const driving = session.drive();
    await session.clock.advance(100);
    await cancel(session);
    await session.send("next");
    await session.clock.advance(5_000);
    expect(await session.outcome()).toMatchObject({ status: "cancelled", evidence: { requestId: "r1" } });
    const transcript = await session.store.sessions.transcript(SESSION);
    expect(transcript.at(-1)).toMatchObject({ role: "tool", parts: [{ status: "unknown" }] });
    // The next turn runs in the same drive while the old body comes to itself.
    late.resolve();
    await session.clock.advance(10);
    nextMay.resolve();
    expect(await until(session.clock, driving)).toEqual({ type: "idle" });
    expect(await session.outcome("in_2")).toMatchObject({ text: "next turn" });
    expect(world).toEqual(["b"]);
    expect((await session.kinds()).filter((kind) => kind === "step_done")).toHaveLength(1);
  });

  it("while its model ignores it ends when the grace is over, in bounded time", async () => {
    const session = drivenSession({ model: deafModel });
    await session.send("go");
    const driving = session.drive();
    await session.clock.advance(100);
    const before = session.clock.now();
    await cancel(session);
    expect(await until(session.clock, driving)).toEqual({ type: "idle" });
    expect(await session.outcome()).toMatchObject({ status: "cancelled" });
    expect(session.clock.now() - before).toBeLessThanOrEqual(5_000);
    expect(session.clock.pending).toEqual([]);
  });

  it("while its checkpoint is slow takes in the inputs first, then ends", async () => {
    const slow = Promise.withResolvers<void>();
    const session = drivenSession({
      model: scriptedModel([calls("work")]),
      tools: work(() => 1),
      through: intercepted("inbox", "checkpoint", async () => slow.promise),
    });
    await session.send("go");
    const driving = session.drive();
    await session.clock.advance(10);
    await session.send("also this", { delivery: "steer" });
    await cancel(session);
    await session.clock.advance(100);
    slow.resolve();
    expect(await until(session.clock, driving)).toEqual({ type: "idle" });
    expect(await session.outcome()).toMatchObject({ status: "cancelled" });
    const inputs = await session.store.inbox.list(SESSION);
    expect(inputs.map(({ state }) => state)).toEqual(["consumed", "consumed"]);
    const kinds = await session.kinds();
    expect(kinds.indexOf("cancel_requested")).toBeGreaterThan(kinds.indexOf("settled 1.checkpoint.0"));
  });

  it("after its last step and before the commit is committed as cancelled", async () => {
    const session: ReturnType<typeof drivenSession> = drivenSession({
      model: scriptedModel(["done"]),
      through: intercepted("sessions", "commit", async (call) => {
        if (call === 1) await cancel(session);
      }),
    });
    await session.send("go");
    expect(await until(session.clock, session.drive())).toEqual({ type: "idle" });
    expect(await session.outcome()).toMatchObject({ status: "cancelled", evidence: { origin: "test" } });
    expect((await session.kinds()).slice(-2)).toEqual(["cancel_requested", "turn_committed"]);
  });

  it("before it began performs nothing", async () => {
    const model = scriptedModel([]);
    const session = drivenSession({ model });
    await session.send("go");
    await cancel(session);
    await until(session.clock, session.drive());
    expect(await session.outcome()).toMatchObject({ status: "cancelled" });
    model.done();
  });

  it("although its tools cannot be had any more ends", async () => {
    const first = drivenSession({ model: deafModel });
    await first.send("go");
    const lost = new AbortController();
    const driving = first.drive({ signal: lost.signal }).catch(() => {});
    await first.clock.advance(10);
    lost.abort();
    await driving;
    const second = drivenSession({
      model: scriptedModel([]),
      beside: first,
      environment: { reopen: () => Promise.reject(new Error("the tool server is gone")) },
    });
    expect(await until(second.clock, second.drive())).toMatchObject({ type: "retry" });
    await cancel(second);
    await second.clock.advance(60_000);
    expect(await until(second.clock, second.drive())).toEqual({ type: "idle" });
    expect(await second.outcome()).toMatchObject({ status: "cancelled" });
  });

  it("although this host cannot perform what it waits for ends", async () => {
    const { session, left } = await driven({
      model: scriptedModel([calls("work"), "x"]),
      tools: work(() => 1),
      config: { refreshTools: "iteration" },
    });
    expect(left).toMatchObject({ type: "blocked", code: "runtime_effect_local_executor_unavailable" });
    await cancel(session);
    expect(await until(session.clock, session.drive())).toEqual({ type: "idle" });
    expect(await session.outcome()).toMatchObject({ status: "cancelled" });
  });
});

describe("a turn that is blocked (D7)", () => {
  it("consumes nothing, stops its other effects, and goes on where the code fits again", async () => {
    const aborted: string[] = [];
    const model = scriptedModel([calls("work", "stuck"), "done"]);
    const stuck = tool({
      description: "Stuck",
      input,
      onCrash: "retry",
      execute: (_input, { signal }) => {
        signal.addEventListener("abort", () => aborted.push("stuck"));
        return aborted.length > 0 ? 2 : NEVER;
      },
    });
    const tools = { ...work(() => 1), stuck };
    const bad = drivenSession({
      model,
      tools,
      executors: {
        tool_call: async ({ command }, { signal }) => {
          if (command.name === "work") throw new PawlError("runtime_effect_wrong_outcome", "Not mine.");
          await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
          aborted.push("stuck");
          throw signal.reason;
        },
      },
    });
    await bad.send("go");
    expect(await until(bad.clock, bad.drive())).toMatchObject({
      type: "blocked",
      code: "runtime_effect_wrong_outcome",
    });
    await bad.clock.advance(0);
    expect(aborted).toEqual(["stuck"]);
    expect(await bad.store.sessions.load(SESSION)).toMatchObject({
      blocked: { code: "runtime_effect_wrong_outcome" },
    });
    const good = drivenSession({ model, tools, beside: bad });
    await lookAgain(good);
    expect(await until(good.clock, good.drive())).toEqual({ type: "idle" });
    expect(await good.outcome()).toMatchObject({ status: "completed", text: "done" });
  });

  it("by rows that cannot be replayed ends when somebody asks for it, and the session goes on", async () => {
    const session = drivenSession({
      model: scriptedModel([calls("work"), "second answered"]),
      tools: work(() => NEVER),
    });
    await session.send("go");
    const lost = new AbortController();
    const driving = session.drive({ signal: lost.signal }).catch(() => {});
    await session.clock.advance(10);
    lost.abort();
    await driving;
    // The second row of the turn is lost.
    const other = drivenSession({
      model: scriptedModel(["second answered"]),
      beside: session,
      through: (store) =>
        ({
          ...store,
          log: new Proxy(store.log, {
            get: (target, key) =>
              key === "read"
                ? async (...args: Parameters<typeof target.read>) =>
                    (await target.read(...args)).map((row) =>
                      row.ordinal === 1 ? { ...row, ordinal: 7 } : row,
                    )
                : Reflect.get(target, key),
          }),
        }) as Store<never>,
    });
    const blocked = await until(other.clock, other.drive());
    expect(blocked).toMatchObject({ type: "blocked", code: "store_corrupt_row" });
    await other.send("second", { id: "in_2" });
    await cancel(other);
    expect(await until(other.clock, other.drive())).toEqual({ type: "idle" });
    expect(await other.outcome()).toMatchObject({ status: "cancelled" });
    expect(await other.outcome("in_2")).toMatchObject({ status: "completed" });
    const said = (await other.store.sessions.transcript(SESSION)).map(({ role }) => role);
    expect(said).toEqual(["user", "user", "assistant"]);
  });
});

/** Somebody looks at a blocked session again: a wake mark, as a steering interrupt sets one. */
async function lookAgain(session: ReturnType<typeof drivenSession>): Promise<void> {
  await session.send("look again", { id: "in_9", delivery: "interrupt" });
}

describe("attempts that get nowhere (D17)", () => {
  async function exhaust(options: DrivenOptions, drives = 20) {
    const session = drivenSession({ maxAttempts: 3, ...options });
    if (options.beside === undefined) await session.send("go");
    let left = { type: "retry" } as { readonly type: string };
    let made = 0;
    for (; made < drives && left.type === "retry"; made++) {
      left = await until(session.clock, session.drive());
      await session.clock.advance(60_000);
    }
    return { session, made, left };
  }

  it("end a turn that was never begun with a message that says so", async () => {
    const { session, made } = await exhaust({
      model: scriptedModel([]),
      environment: { prepare: () => Promise.reject(new Error("no tools today")) },
    });
    expect(made).toBe(5);
    expect(await session.outcome()).toMatchObject({ status: "failed", code: "attempts_exhausted" });
  });

  it("end a turn that runs into the same wall", async () => {
    const { session } = await exhaust({
      model: scriptedModel([calls("work")]),
      tools: work(() => 1),
      guards: [
        async ({ command }) => {
          if (command.kind === "tool_call") throw new Error("no grant server");
          return undefined;
        },
      ],
    });
    expect(await session.outcome()).toMatchObject({ status: "failed", code: "attempts_exhausted" });
    // Every call has its result, also at such an end (T2).
    expect((await session.store.sessions.transcript(SESSION)).at(-1)).toMatchObject({ role: "tool" });
  });

  it("end a turn whose tools cannot be had again", async () => {
    const first = drivenSession({ model: deafModel });
    await first.send("go");
    const lost = new AbortController();
    const driving = first.drive({ signal: lost.signal }).catch(() => {});
    await first.clock.advance(10);
    lost.abort();
    await driving;
    const { session } = await exhaust({
      model: scriptedModel([]),
      beside: first,
      environment: { reopen: () => Promise.reject(new Error("gone")) },
    });
    expect(await session.outcome()).toMatchObject({ status: "failed", code: "attempts_exhausted" });
  });
});

describe("the limits of a turn", () => {
  it("hold against a model that never answers and never stops", async () => {
    let asked = 0;
    const model: Model = {
      id: "deaf",
      call: async ({ toolChoice }): Promise<ModelResult> => {
        asked += 1;
        return toolChoice === "none" ? answer("what I have") : NEVER;
      },
    };
    const { session, left } = await driven({ model, limits: { maxWallMs: 60_000 } });
    expect(left).toEqual({ type: "idle" });
    expect(asked).toBe(2);
    expect(await session.outcome()).toMatchObject({
      status: "completed",
      text: "what I have",
      limit: "wall_time",
    });
    expect(await session.kinds()).toContain("timer limit_grace");
  });

  it("hold against a model that does not even give a last answer", async () => {
    const { session } = await driven({ model: deafModel, limits: { maxWallMs: 60_000 } });
    expect(await session.outcome()).toMatchObject({ status: "failed", code: "limit_wall_time" });
    expect(session.clock.pending).toEqual([]);
  });
});

describe("waits of two calls", () => {
  it("are both there when the turn is parked, however slow the store is", async () => {
    const slow = Promise.withResolvers<void>();
    const ask = definition({ name: "ask", onCrash: "ask" });
    const session = drivenSession({
      model: scriptedModel([calls("ask", "ask")]),
      toolbox: { definitions: [ask], execute: async () => OK },
      executors: {
        tool_call: async ({ command }) => ({
          kind: "tool_call",
          launch: {
            status: "pending",
            wait: { type: "tool_completion", callId: command.callId },
            onTimeout: "tell_model",
            deadline: command.callId === "call_1" ? 9e12 : 8e12,
          },
        }),
      },
      through: intercepted("log", "append", async (call) => {
        // The row of the second wait is on its way while the first is already left to the store.
        if (call === 5) await slow.promise;
      }),
    });
    await session.send("go");
    const driving = session.drive();
    await session.clock.advance(1_000);
    slow.resolve();
    expect(await until(session.clock, driving)).toEqual({ type: "park", dueAt: 8e12 });
  });
});
