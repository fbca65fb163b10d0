import { PawlError, tool } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type DrivenOptions, drivenSession, SESSION } from "../support/driven-session.ts";
import {
  calls,
  cancel,
  deafModel,
  driveAndLose,
  expectNoUnhandledRejections,
  work,
} from "../support/driven-turns.ts";
import { NEVER, until } from "../support/effect-under-test.ts";

const input = z.object({});
expectNoUnhandledRejections();

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
    await driveAndLose(session);
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
    await driveAndLose(first);
    const { session } = await exhaust({
      model: scriptedModel([]),
      beside: first,
      environment: { reopen: () => Promise.reject(new Error("gone")) },
    });
    expect(await session.outcome()).toMatchObject({ status: "failed", code: "attempts_exhausted" });
  });
});
