import { type ModelResult, PawlError, standard, type TurnProtocol } from "@pawl/core";
import type { Model, Store, Toolbox } from "@pawl/core/ports";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { drivenSession } from "../support/driven-session.ts";
import {
  calls,
  deafModel,
  driven,
  expectNoUnhandledRejections,
  intercepted,
  work,
} from "../support/driven-turns.ts";
import { answer, definition, NEVER, OK, until } from "../support/effect-under-test.ts";

expectNoUnhandledRejections();

/** A store whose claims do not say what is next, so that it has to be asked for. */
function withoutNext(store: Store): Store {
  const { claim } = store.leases;
  const leases: Store["leases"] = {
    ...store.leases,
    claim: async (...args) => (await claim(...args)).map(({ next: _next, ...bare }) => bare),
  };
  return { ...store, leases };
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
      through: intercepted("sessions", "commit", async () => {
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

describe("a turn that is being begun", () => {
  it("has its model asked meanwhile, and its answer is written behind its beginning", async () => {
    const slow = Promise.withResolvers<void>();
    let asked = 0;
    const session = drivenSession({
      model: {
        id: "m",
        call: async () => {
          asked += 1;
          return answer("hello");
        },
      },
      through: intercepted("sessions", "beginTurn", () => slow.promise),
    });
    await session.send("go");
    const driving = session.drive();
    await session.clock.advance(1_000);
    expect(asked).toBe(1);
    expect(await session.rows()).toEqual([]);
    slow.resolve();
    expect(await until(session.clock, driving)).toEqual({ type: "idle" });
    expect(asked).toBe(1);
    expect((await session.kinds()).slice(0, 2)).toEqual(["begin", "settled 1.model_call.0"]);
    expect(await session.outcome()).toMatchObject({ status: "completed", text: "hello" });
  });

  it("performs nothing else before it has begun (E2)", async () => {
    const slow = Promise.withResolvers<void>();
    let worked = 0;
    const protocol: TurnProtocol = {
      ...standard(),
      prepareIteration: () => ({ type: "execute_code", language: "js", code: "1" }),
      codeAnswered: () => ({ type: "complete", text: "done" }),
    };
    const session = drivenSession({
      model: scriptedModel([]),
      protocol,
      executors: {
        exec_code: async () => {
          worked += 1;
          return { kind: "exec_code", result: { ok: true, value: 1 } };
        },
      },
      through: intercepted("sessions", "beginTurn", () => slow.promise),
    });
    await session.send("go");
    const driving = session.drive();
    await session.clock.advance(1_000);
    expect(worked).toBe(0);
    slow.resolve();
    expect(await until(session.clock, driving)).toEqual({ type: "idle" });
    expect(worked).toBe(1);
  });

  it("is waited for by who may have been superseded, before anything is performed (D3)", async () => {
    const slow = Promise.withResolvers<void>();
    const model = scriptedModel([]);
    const session = drivenSession({
      model,
      through: intercepted("sessions", "beginTurn", async () => {
        await slow.promise;
        throw new PawlError("store_fenced", "Another node owns it.", { blame: "infrastructure" });
      }),
    });
    await session.send("go");
    const driving = session.drive({ isOver: () => true });
    await session.clock.advance(1_000);
    slow.resolve();
    await expect(until(session.clock, driving)).rejects.toMatchObject({ code: "store_fenced" });
    model.done();
  });

  it("and is refused stops its model, records nothing, and is tried again", async () => {
    const slow = Promise.withResolvers<void>();
    let stopped = false;
    const session = drivenSession({
      model: {
        id: "slow",
        call: (_request, { signal }) => {
          signal.addEventListener("abort", () => (stopped = true));
          return NEVER;
        },
      },
      through: intercepted("sessions", "beginTurn", async () => {
        await slow.promise;
        throw new PawlError("store_conflict", "Its input was taken back.");
      }),
    });
    await session.send("go");
    const driving = session.drive();
    await session.clock.advance(1_000);
    expect(stopped).toBe(false);
    slow.resolve();
    expect(await until(session.clock, driving)).toMatchObject({ type: "retry" });
    expect(stopped).toBe(true);
    expect(await session.rows()).toEqual([]);
    expect(session.clock.pending).toEqual([]);
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
