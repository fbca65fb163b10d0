import { tool } from "@pawl/core";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { drivenSession, SESSION } from "../support/driven-session.ts";
import {
  calls,
  cancel,
  deafModel,
  driveAndLose,
  driven,
  expectNoUnhandledRejections,
  intercepted,
  work,
} from "../support/driven-turns.ts";
import { until } from "../support/effect-under-test.ts";

const input = z.object({});
expectNoUnhandledRejections();

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
    await driveAndLose(first);
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
