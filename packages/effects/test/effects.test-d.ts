import { type CommandOf, type OutcomeOf, positionalEffectId, tool } from "@pawl/core";
import type { Toolbox } from "@pawl/core/ports";
import {
  type decideReplay,
  type EffectController,
  type EffectExecutor,
  type Executors,
  execCodeExecutor,
  inline,
  modelExecutor,
  processExecutor,
  scopedController,
  sleepExecutor,
  staticToolbox,
  systemClock,
  toolExecutor,
} from "@pawl/effects";
import type { TurnDriver } from "@pawl/effects/turn-driver";
import { expectTypeOf, test } from "vitest";
import { z } from "zod";

test("an executor is typed by the kind that it performs", () => {
  expectTypeOf(toolExecutor).returns.toEqualTypeOf<EffectExecutor<"tool_call">>();
  expectTypeOf(modelExecutor).returns.toEqualTypeOf<EffectExecutor<"model_call">>();
  expectTypeOf(execCodeExecutor).returns.toEqualTypeOf<EffectExecutor<"exec_code">>();
  expectTypeOf(processExecutor).returns.toEqualTypeOf<EffectExecutor<"process">>();
  expectTypeOf<Parameters<EffectExecutor<"sleep">>[0]["command"]>().toEqualTypeOf<CommandOf<"sleep">>();
  expectTypeOf<Awaited<ReturnType<EffectExecutor<"sleep">>>>().toEqualTypeOf<OutcomeOf<"sleep">>();
});

test("an executor cannot stand under another kind's name", () => {
  const sleep = sleepExecutor({ clock: systemClock });
  expectTypeOf({ sleep }).toExtend<Executors>();
  // @ts-expect-error its outcome is of another kind
  inline({ executors: { process: sleep } });
  // @ts-expect-error there is no such kind
  inline({ executors: { nap: sleep } });
});

test("the outcome of an effect is of the kind that was asked for", () => {
  const controller = {} as EffectController;
  const scoped = scopedController(controller, { type: "process", processId: "p" });
  const id = positionalEffectId(1, "sleep", 0);
  const cause = { type: "host", label: "x" } as const;
  const context = { signal: new AbortController().signal };
  const asleep = () => scoped.execute<"sleep">(id, { kind: "sleep", dueAt: 0 }, cause, context);
  expectTypeOf(asleep).returns.resolves.toEqualTypeOf<OutcomeOf<"sleep">>();
});

test("a replay decision is a union by type", () => {
  type Decision = ReturnType<typeof decideReplay>;
  expectTypeOf<Decision["type"]>().toEqualTypeOf<
    "perform" | "return" | "diverged" | "ambiguous" | "corrupt"
  >();
});

test("tools of any input and output make a toolbox", () => {
  const double = tool({ description: "x", input: z.object({ n: z.number() }), execute: ({ n }) => n * 2 });
  const shout = tool({ description: "x", input: z.object({ s: z.string() }), execute: ({ s }) => `${s}!` });
  expectTypeOf(staticToolbox({ double, shout })).toEqualTypeOf<Toolbox>();
  // @ts-expect-error a function is no tool
  staticToolbox({ double: () => 1 });
});

test("a drive says how the session was left", () => {
  expectTypeOf<Awaited<ReturnType<TurnDriver["drive"]>>["type"]>().toEqualTypeOf<
    "idle" | "retry" | "park" | "blocked"
  >();
});
