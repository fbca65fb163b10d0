import { type EffectOutcome, NO_USAGE, PawlError } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import type { Executors } from "@pawl/effects";
import { budgetGuard } from "@pawl/effects/guards";
import { describe, expect, it } from "vitest";
import { type DrivenOptions, type DrivenSession, drivenSession } from "../support/driven-session.ts";
import { cancel, driveAndLose, expectNoUnhandledRejections, intercepted } from "../support/driven-turns.ts";
import { answer, answerWith, definition, NEVER, OK, until } from "../support/effect-under-test.ts";

expectNoUnhandledRejections();

const ANSWERED: EffectOutcome = {
  kind: "await_event",
  resolution: { status: "ok", payload: "the answer" },
};

type Answer = EffectOutcome & { readonly kind: "await_event" };

/** Turns whose first model call asks for `names`, each of which is answered later; the second one says "done". */
function waitingTurn({
  names = ["ask"],
  isDurable = true,
  model = {},
  executors = {},
  ...given
}: Partial<Omit<DrivenOptions, "model">> & {
  readonly names?: readonly string[];
  readonly isDurable?: boolean;
  readonly model?: Partial<Model>;
} = {}) {
  const asked: string[] = [];
  const reply = Promise.withResolvers<void>();
  const row = Promise.withResolvers<void>();
  const session = drivenSession({
    toolbox: { definitions: names.map((name) => definition({ name })), execute: async () => OK },
    through: intercepted("inbox", "checkpoint", (call) => (call === 1 ? row.promise : Promise.resolve())),
    ...given,
    model: {
      id: "m",
      async call(request, context) {
        const { messages } = request;
        asked.push(messages.map(({ role }) => role[0]).join(""));
        if (messages.length === 1) return answerWith(names);
        return (await model.call?.(request, context)) ?? answer("done");
      },
    },
    executors: {
      tool_call: async ({ command: { callId } }) => ({
        kind: "tool_call",
        launch: { status: "pending", wait: { type: "tool_completion", callId }, onTimeout: "tell_model" },
      }),
      await_event: async (_envelope, { onDurable }) => {
        await reply.promise;
        if (isDurable) onDurable?.();
        return ANSWERED as Answer;
      },
      ...executors,
    } as Executors,
  });
  return { session, asked, reply: () => reply.resolve(), row };
}

/** Until nothing moves any more while the row is held back. */
const settle = ({ clock }: DrivenSession) => clock.advance(100);

async function begun(
  turn: ReturnType<typeof waitingTurn>,
  drive: Parameters<DrivenSession["drive"]>[0] = {},
) {
  await turn.session.send("go");
  const driving = turn.session.drive(drive);
  driving.catch(() => {});
  await settle(turn.session);
  expect(turn.asked).toEqual(["u"]);
  return { driving };
}

const AFTER_WAIT = ["settled 1.tool_call.0/0.wait", "settled 1.checkpoint.0", "settled 2.model_call.0"];

async function rowsFromWait(session: DrivenSession): Promise<readonly string[]> {
  const kinds = await session.kinds();
  const at = kinds.findIndex((kind) => /wait$|await_event/.test(kind));
  return at === -1 ? [] : kinds.slice(at);
}

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

describe("a model that was asked ahead of a row", () => {
  it("is stopped when that row is refused, and nothing of it is recorded (D3)", async () => {
    let stopped = false;
    const turn = waitingTurn({
      model: {
        call: (_request, { signal, onText }) => {
          onText("never shown");
          signal.addEventListener("abort", () => (stopped = true));
          return NEVER;
        },
      },
    });
    const { driving } = await begun(turn);
    const before = await turn.session.kinds();
    turn.reply();
    await settle(turn.session);
    expect(turn.asked).toEqual(["u", "uat"]);
    expect(stopped).toBe(false);
    turn.row.reject(new PawlError("store_fenced", "Another node owns it.", { blame: "infrastructure" }));
    await expect(until(turn.session.clock, driving)).rejects.toMatchObject({ code: "store_fenced" });
    expect(stopped).toBe(true);
    await settle(turn.session);
    expect(await turn.session.kinds()).toEqual(before);
    expect(turn.session.clock.pending).toEqual([]);
  });

  it.each([
    ["goes on talking", async () => answer("for nobody")],
    [
      "fails",
      async () => {
        throw new PawlError("store_unavailable", "No store.", { blame: "infrastructure" });
      },
    ],
  ] as const)(
    "and is steered in that very moment is stopped, and asked again with the input, though it %s",
    async (_how, then) => {
      let stopped = 0;
      const vain = Promise.withResolvers<void>();
      const causes: unknown[] = [];
      const turn = waitingTurn({
        executors: {
          model_call: async ({ command, cause }, { signal, onText, turn: facts }) => {
            causes.push(cause);
            const messages = facts?.messages(command.upTo) ?? [];
            turn.asked.push(messages.map(({ role }) => role[0]).join(""));
            const ended = (result: ReturnType<typeof answer>) =>
              ({ kind: "model_call", result, textStreamed: false }) as const;
            if (messages.length === 1) return { ...ended(answer("")), result: answerWith(["ask"]) };
            if (messages.at(-1)?.role === "user") return ended(answer("as you like"));
            signal.addEventListener("abort", () => (stopped += 1));
            onText?.("x".repeat(3_000));
            await vain.promise;
            onText?.("x".repeat(3_000));
            return ended(await then());
          },
        },
      });
      const { driving } = await begun(turn);
      turn.reply();
      await settle(turn.session);
      await turn.session.send("wait!", { delivery: "steer" });
      expect(turn.asked).toEqual(["u", "uat"]);
      vain.resolve();
      await settle(turn.session);
      turn.row.resolve();
      expect(await until(turn.session.clock, driving)).toEqual({ type: "idle" });
      expect(turn.asked).toEqual(["u", "uat", "uatu"]);
      expect(stopped).toBe(1);
      expect(causes).toEqual([1, 2, 2].map((iteration) => ({ type: "turn", iteration })));
      expect((await rowsFromWait(turn.session)).slice(0, 3)).toEqual(AFTER_WAIT);
      expect(await turn.session.kinds()).not.toContain("text_delta");
      expect(await turn.session.outcome()).toMatchObject({ status: "completed", text: "as you like" });
      expect(turn.session.clock.pending).toEqual([]);
    },
  );

  it("and was taken back keeps no host from stopping, whatever it is told", async () => {
    const stopping = new AbortController();
    const turn = waitingTurn({ model: { call: () => NEVER } });
    const { driving } = await begun(turn, { stopping: stopping.signal });
    turn.reply();
    await settle(turn.session);
    await turn.session.send("wait!", { delivery: "steer" });
    stopping.abort();
    turn.row.resolve();
    expect(await until(turn.session.clock, driving)).toEqual({ type: "idle" });
    expect(turn.asked).toEqual(["u", "uat"]);
  });

  it("and was taken back is not taken for the one that is asked in its place", async () => {
    const vain = Promise.withResolvers<void>();
    let stopped = false;
    const turn = waitingTurn({
      model: {
        call: async ({ messages }, { signal }) => {
          if (messages.at(-1)?.role === "tool") return vain.promise.then(() => answer("for nobody"));
          return new Promise((_resolve, reject) => {
            signal.addEventListener("abort", () => {
              stopped = true;
              reject(signal.reason);
            });
          });
        },
      },
    });
    const { driving } = await begun(turn);
    turn.reply();
    await settle(turn.session);
    await turn.session.send("wait!", { delivery: "steer" });
    turn.row.resolve();
    await settle(turn.session);
    vain.resolve();
    await settle(turn.session);
    await cancel(turn.session);
    await until(turn.session.clock, driving);
    expect(stopped).toBe(true);
    expect(turn.asked).toEqual(["u", "uat", "uatu"]);
    expect(await turn.session.outcome()).toMatchObject({ status: "cancelled" });
  });

  it("by a process that ends in that moment was asked in vain: whoever goes on asks it again", async () => {
    const turn = waitingTurn();
    await turn.session.send("go");
    turn.reply();
    await driveAndLose(turn.session);
    expect(turn.asked).toEqual(["u", "uat"]);
    turn.row.reject(new Error("The process is gone."));
    await settle(turn.session);
    expect(await rowsFromWait(turn.session)).toEqual([]);
    expect(await until(turn.session.clock, turn.session.drive())).toEqual({ type: "idle" });
    expect(turn.asked).toEqual(["u", "uat", "uat"]);
    expect((await rowsFromWait(turn.session)).slice(0, 3)).toEqual(AFTER_WAIT);
  });

  it("gives back what it held of the budget when it is asked again (D13)", async () => {
    const turn = waitingTurn({
      limits: { maxCostNanoUsd: 100 },
      guards: [budgetGuard(({ command }) => (command.kind === "model_call" ? 60 : undefined))],
    });
    const { driving } = await begun(turn);
    turn.reply();
    await settle(turn.session);
    await turn.session.send("wait!", { delivery: "steer" });
    turn.row.resolve();
    await until(turn.session.clock, driving);
    expect(turn.asked).toEqual(["u", "uatu"]);
    const intents = (await rowsFromWait(turn.session)).filter((kind) => kind === "effect_intent");
    expect(intents).toHaveLength(1);
    expect(await turn.session.outcome()).toMatchObject({ status: "completed" });
  });

  it("is aborted by a cancel that comes meanwhile, once the row is there", async () => {
    const turn = waitingTurn({
      model: {
        call: (_request, { signal }) =>
          new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      },
    });
    const { driving } = await begun(turn);
    turn.reply();
    await settle(turn.session);
    await cancel(turn.session);
    await settle(turn.session);
    turn.row.resolve();
    await until(turn.session.clock, driving);
    expect(turn.asked).toEqual(["u", "uat"]);
    expect(await turn.session.outcome()).toMatchObject({ status: "cancelled" });
  });
});
