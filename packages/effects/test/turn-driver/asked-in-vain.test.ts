import { PawlError } from "@pawl/core";
import { budgetGuard } from "@pawl/effects/guards";
import { describe, expect, it } from "vitest";
import { cancel, driveAndLose, expectNoUnhandledRejections } from "../support/driven-turns.ts";
import { answer, answerWith, NEVER, until } from "../support/effect-under-test.ts";
import { AFTER_WAIT, begun, rowsFromWait, settle, waitingTurn } from "../support/waiting-turn.ts";

expectNoUnhandledRejections();

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
