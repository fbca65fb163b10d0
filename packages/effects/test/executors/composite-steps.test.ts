import { type AnyTool, type EffectOutcome, tool } from "@pawl/core";
import { journaled, staticToolbox, toolExecutor } from "@pawl/effects";
import { manualClock, memoryEffectJournal } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { contextOf, NEVER, toolEnvelope, until } from "../support/effect-under-test.ts";

const input = z.object({ n: z.number() });

function under(work: AnyTool, journal = memoryEffectJournal(), signal = new AbortController().signal) {
  const clock = manualClock();
  const controller = journaled({
    clock,
    executors: { tool_call: toolExecutor({ clock, random: () => 0 }) },
  });
  const context = contextOf(staticToolbox({ work }), { journal, signal });
  return {
    journal,
    clock,
    begin: () => controller.execute(toolEnvelope(), context),
    run: (): Promise<EffectOutcome> => until(clock, controller.execute(toolEnvelope(), context)),
  };
}

/** A body of two steps of which the second can fail. */
function transfer(world: string[], second: () => Promise<string>) {
  return tool({
    description: "Moves money",
    input,
    onCrash: "retry",
    composite: true,
    retry: { maxAttempts: 2, baseMs: 0, maxMs: 0 },
    execute: async (_input, { step }) => {
      const a = await step("debit", async (key) => {
        world.push(`debit ${key}`);
        return "debited";
      });
      return [a, await step("credit", second)];
    },
  });
}

const DEBIT = "debit turn_1/1.tool_call.0/debit";
const done = (output: unknown) => ({ launch: { status: "done", result: { status: "ok", output } } });

describe("composite tools (D14)", () => {
  it("entered again after a crash do not repeat a recorded step", async () => {
    const world: string[] = [];
    const first = under(transfer(world, () => NEVER));
    void first.begin();
    await first.clock.advance(0);
    expect(first.journal.writes).toEqual(["step 1.tool_call.0 debit"]);
    const outcome = await under(
      transfer(world, async () => "credited"),
      first.journal.reopen(),
    ).run();
    expect(outcome).toMatchObject(done(["debited", "credited"]));
    expect(world).toEqual([DEBIT]);
  });

  it("entered again by their retry policy keep the steps that are done, and may use the same ids", async () => {
    const world: string[] = [];
    let tries = 0;
    const second = async () => {
      if (++tries === 1) throw new Error("no connection");
      return "credited";
    };
    const { run, journal } = under(transfer(world, second));
    expect(await run()).toMatchObject(done(["debited", "credited"]));
    expect(world).toEqual([DEBIT]);
    expect(journal.writes).toEqual([
      "step 1.tool_call.0 debit",
      "step 1.tool_call.0 credit",
      "outcome 1.tool_call.0",
    ]);
  });

  it("whose body is done is not entered again", async () => {
    const world: string[] = [];
    const { run, journal } = under(transfer(world, async () => "credited"));
    const first = await run();
    const second = await under(
      transfer(world, async () => "twice"),
      journal.reopen(),
    ).run();
    expect(second).toEqual(first);
    expect(world).toHaveLength(1);
  });

  it("must give each step an id of its own", async () => {
    const twice = tool({
      description: "Twice",
      input,
      onCrash: "retry",
      composite: true,
      execute: async (_input, { step }) => {
        await step("a", async () => 1);
        return step("a", async () => 2);
      },
    });
    expect(await under(twice).run()).toMatchObject({
      launch: { result: { status: "error", code: "duplicate_step_id" } },
    });
  });

  it("are the only ones that have steps", async () => {
    const plain = tool({
      description: "Plain",
      input,
      onCrash: "retry",
      execute: (_input, { step }) => step("a", async () => 1),
    });
    expect(await under(plain).run()).toMatchObject({
      launch: { result: { status: "error", code: "tool_not_composite" } },
    });
  });

  it("keep what stores cannot keep out of their steps", async () => {
    const bad = tool({
      description: "Bad text",
      input,
      composite: true,
      execute: (_input, { step }) => step("a", async () => "x\u0000y\ud800"),
    });
    expect(await under(bad).run()).toMatchObject(done("x\ufffdy\ufffd"));
  });

  it("begin no step once they are told to stop, even if they do not look", async () => {
    const stop = new AbortController();
    const world: string[] = [];
    const deaf = tool({
      description: "Deaf",
      input,
      composite: true,
      execute: async (_input, { step }) => {
        await step("first", async () => {
          world.push("first");
          stop.abort();
          return 1;
        });
        return step("second", async () => {
          world.push("second");
          return 2;
        });
      },
    });
    expect(await under(deaf, memoryEffectJournal(), stop.signal).run()).toMatchObject({
      launch: { result: { status: "cancelled", certainty: "outcome_unknown" } },
    });
    expect(world).toEqual(["first"]);
  });
});
