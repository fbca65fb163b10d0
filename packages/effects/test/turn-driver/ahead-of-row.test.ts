import { NO_USAGE } from "@pawl/core";
import { budgetGuard } from "@pawl/effects/guards";
import { describe, expect, it } from "vitest";
import { drivenSession } from "../support/driven-session.ts";
import { driveAndLose, expectNoUnhandledRejections, intercepted } from "../support/driven-turns.ts";
import { answer, answerWith, definition, OK, until } from "../support/effect-under-test.ts";
import { AFTER_WAIT, begun, rowsFromWait, settle, waitingTurn } from "../support/waiting-turn.ts";

expectNoUnhandledRejections();

describe("after a wait whose answer is in the store (ADR 37)", () => {
  it("the model is asked while the row that says so is written, once, and its answer is written behind it", async () => {
    const turn = waitingTurn();
    const { driving } = await begun(turn);
    turn.reply();
    await settle(turn.session);
    expect(turn.asked).toEqual(["u", "uat"]);
    expect(await rowsFromWait(turn.session)).toEqual([]);
    turn.row.resolve();
    expect(await until(turn.session.clock, driving)).toEqual({ type: "idle" });
    expect(turn.asked).toEqual(["u", "uat"]);
    expect((await rowsFromWait(turn.session)).slice(0, 3)).toEqual(AFTER_WAIT);
    expect(await turn.session.outcome()).toMatchObject({ status: "completed", text: "done" });
    expect(turn.session.clock.pending).toEqual([]);
  });

  it("what the model shows meanwhile is written behind it, in order", async () => {
    const turn = waitingTurn({
      model: {
        async call(_request, { onText }) {
          onText("x".repeat(2_000));
          onText("y");
          return answer("done");
        },
      },
    });
    const { driving } = await begun(turn);
    turn.reply();
    await settle(turn.session);
    expect(await rowsFromWait(turn.session)).toEqual([]);
    turn.row.resolve();
    await until(turn.session.clock, driving);
    const [wait, checkpoint, , , model] = await rowsFromWait(turn.session);
    expect([wait, checkpoint, model]).toEqual(AFTER_WAIT);
    const texts = (await turn.session.rows()).flatMap(({ body }) =>
      body.kind === "text_delta" ? [body.text] : [],
    );
    expect(texts).toEqual(["x".repeat(2_000), "y"]);
  });

  it("a model is asked beside the row that grants a budget, too", async () => {
    const granted = Promise.withResolvers<void>();
    const row = Promise.withResolvers<void>();
    let asked = 0;
    const usage = { ...NO_USAGE, inputTokens: 20, modelCalls: 1 };
    let held = false;
    const session = drivenSession({
      toolbox: { definitions: [definition()], execute: async () => OK },
      limits: { maxTokens: 10, onBudget: "wait" },
      model: {
        id: "m",
        async call() {
          asked += 1;
          if (asked > 1) return answer("done");
          const { answer: given } = answerWith(["work"]);
          return { ok: true, answer: { ...given, usage } };
        },
      },
      executors: {
        await_event: async (_envelope, { onDurable }) => {
          await granted.promise;
          held = true;
          onDurable?.();
          return { kind: "await_event", resolution: { status: "ok", payload: { tokens: 1_000 } } };
        },
      },
      through: intercepted("log", "append", () => (held ? row.promise : Promise.resolve())),
    });
    await session.send("go");
    const driving = session.drive();
    await settle(session);
    expect(asked).toBe(1);
    granted.resolve();
    await settle(session);
    expect(asked).toBe(2);
    expect(await rowsFromWait(session)).toEqual([]);
    row.resolve();
    await until(session.clock, driving);
    expect(asked).toBe(2);
    expect(await session.outcome()).toMatchObject({ status: "completed", text: "done" });
  });

  it("a call whose cost is held writes its intent behind the row, once (D13)", async () => {
    const turn = waitingTurn({
      limits: { maxCostNanoUsd: 100 },
      guards: [budgetGuard(({ command }) => (command.kind === "model_call" ? 60 : undefined))],
    });
    const { driving } = await begun(turn);
    turn.reply();
    await settle(turn.session);
    expect(await rowsFromWait(turn.session)).toEqual([]);
    turn.row.resolve();
    await until(turn.session.clock, driving);
    const [wait, checkpoint, intent, model] = await rowsFromWait(turn.session);
    expect([wait, checkpoint, intent, model]).toEqual([
      AFTER_WAIT[0],
      AFTER_WAIT[1],
      "effect_intent",
      AFTER_WAIT[2],
    ]);
    expect(await turn.session.outcome()).toMatchObject({ status: "completed" });
  });
});

describe("nothing goes ahead of a row", () => {
  it.each([
    ["whose answer is nowhere else", { isDurable: false }, {}],
    ["when the lease is over by the clock (D3)", {}, { isOver: () => true }],
  ] as const)("%s", async (_when, given, drive) => {
    const turn = waitingTurn(given);
    const { driving } = await begun(turn, drive);
    turn.reply();
    await settle(turn.session);
    expect(turn.asked).toEqual(["u"]);
    turn.row.resolve();
    await until(turn.session.clock, driving);
    expect(turn.asked).toEqual(["u", "uat"]);
    expect((await rowsFromWait(turn.session)).slice(0, 3)).toEqual(AFTER_WAIT);
  });

  it("when the host is stopping", async () => {
    const stopping = new AbortController();
    const turn = waitingTurn();
    const { driving } = await begun(turn, { stopping: stopping.signal });
    stopping.abort();
    turn.reply();
    await settle(turn.session);
    turn.row.resolve();
    expect(await until(turn.session.clock, driving)).toEqual({ type: "idle" });
    expect(turn.asked).toEqual(["u"]);
  });

  it("while the row of another input is under way", async () => {
    const others = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const slow = Promise.withResolvers<void>();
    const row = Promise.withResolvers<void>();
    let held = false;
    const slowAppends = intercepted("log", "append", () => (held ? slow.promise : Promise.resolve()));
    const heldCheckpoint = intercepted("inbox", "checkpoint", () => row.promise);
    const turn = waitingTurn({
      names: ["ask", "first", "second"],
      through: (store) => heldCheckpoint(slowAppends(store) as typeof store),
      executors: {
        tool_call: async ({ command: { callId, name } }) => {
          if (name === "ask") {
            const wait = { type: "tool_completion", callId } as const;
            return { kind: "tool_call", launch: { status: "pending", wait, onTimeout: "tell_model" } };
          }
          await others[name === "first" ? 0 : 1].promise;
          return { kind: "tool_call", launch: { status: "done", result: OK } };
        },
      },
    });
    const { driving } = await begun(turn);
    held = true;
    for (const { resolve } of others) {
      resolve();
      await settle(turn.session);
    }
    turn.reply();
    await settle(turn.session);
    expect(turn.asked).toEqual(["u"]);
    // The second one's row goes out together with that of the wait.
    slow.resolve();
    await settle(turn.session);
    expect(turn.asked).toEqual(["u"]);
    row.resolve();
    await until(turn.session.clock, driving);
    expect(turn.asked).toEqual(["u", "uat"]);
  });

  it("when an input has come that may want to steer the turn", async () => {
    const turn = waitingTurn();
    const { driving } = await begun(turn);
    await turn.session.send("wait!", { delivery: "steer" });
    turn.reply();
    await settle(turn.session);
    expect(turn.asked).toEqual(["u"]);
    turn.row.resolve();
    await until(turn.session.clock, driving);
    expect(turn.asked).toEqual(["u", "uatu"]);
  });

  it("of a turn that was taken over, until a checkpoint has said that nobody steers it", async () => {
    const turn = waitingTurn();
    await turn.session.send("go");
    await driveAndLose(turn.session);
    const driving = turn.session.drive();
    await settle(turn.session);
    turn.reply();
    await settle(turn.session);
    expect(turn.asked).toEqual(["u"]);
    turn.row.resolve();
    await until(turn.session.clock, driving);
    expect(turn.asked).toEqual(["u", "uat"]);
  });

  it("but a model: a tool that was approved waits for the row", async () => {
    const row = Promise.withResolvers<void>();
    let held = false;
    let worked = 0;
    const turn = waitingTurn({
      through: intercepted("log", "append", () => (held ? row.promise : Promise.resolve())),
      executors: {
        tool_call: async ({ command }) => {
          if (command.approvedBy === undefined) {
            const launch = { status: "needs_approval", argumentHash: "a", policyHash: "p" } as const;
            return { kind: "tool_call", launch };
          }
          worked += 1;
          return { kind: "tool_call", launch: { status: "done", result: OK } };
        },
        await_event: async (_envelope, { onDurable }) => {
          await approved.promise;
          held = true;
          onDurable?.();
          return { kind: "await_event", resolution: { status: "ok", payload: { decision: "approve" } } };
        },
      },
    });
    const approved = Promise.withResolvers<void>();
    const { driving } = await begun(turn);
    approved.resolve();
    await settle(turn.session);
    expect(worked).toBe(0);
    row.resolve();
    await until(turn.session.clock, driving);
    expect(worked).toBe(1);
    expect(await turn.session.outcome()).toMatchObject({ status: "completed" });
  });
});
