import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import {
  type Agent,
  agent,
  type CommandOf,
  type EffectOutcome,
  type InferSchema,
  type Json,
  type LimitName,
  type OutcomeOf,
  type SessionId,
  sessionId,
  type ToolRun,
  type ToolSet,
  type TurnEvent,
  type TurnId,
  type TurnOutcome,
  tool,
  turnId,
} from "../../src/index.ts";

describe("tool()", () => {
  const input = z.object({ city: z.string(), days: z.number().default(1), at: z.coerce.number().optional() });

  test("infers what its body gets, after defaults and coercion", () => {
    tool({
      description: "d",
      input,
      execute: (args, run) => {
        expectTypeOf(args).toEqualTypeOf<{ city: string; days: number; at?: number | undefined }>();
        expectTypeOf(run).toEqualTypeOf<ToolRun>();
        expectTypeOf(run.signal).toEqualTypeOf<AbortSignal>();
      },
    });
  });

  test("infers input and output, whether the body is synchronous or not", () => {
    const now = tool({ description: "d", input, execute: ({ days }) => ({ celsius: days }) });
    const later = tool({ description: "d", input, execute: async ({ city }) => city.length });
    expectTypeOf<NonNullable<(typeof now)["~tool"]>>().toEqualTypeOf<{
      readonly input: InferSchema<typeof input>;
      readonly output: { celsius: number };
    }>();
    expectTypeOf<NonNullable<(typeof later)["~tool"]>["output"]>().toEqualTypeOf<number>();
    const set = { now, later } satisfies ToolSet;
    expectTypeOf(set).toExtend<ToolSet>();
  });

  test("reconcile speaks of the same output", () => {
    const spec = { description: "d", input: z.object({}), execute: () => 5 };
    tool({ ...spec, reconcile: async () => ({ happened: true, output: 7 }) });
    tool({ ...spec, reconcile: async () => "unknown" });
    // @ts-expect-error the output of this tool is a number
    tool({ ...spec, reconcile: async () => ({ happened: true, output: "seven" }) });
  });

  test("refuses what cannot be", () => {
    const spec = { description: "d", input: z.object({}), execute: () => 1 };
    // @ts-expect-error there is no such policy
    tool({ ...spec, onCrash: "maybe" });
    // @ts-expect-error a schema must speak Standard JSON Schema
    tool({ ...spec, input: { parse: () => 1 } });
    // @ts-expect-error a tool needs a description
    tool({ input: z.object({}), execute: () => 1 });
  });
});

test("agent() is data with all its limits", () => {
  expectTypeOf(agent({ name: "a", limits: { maxTokens: 5 } })).toEqualTypeOf<Agent>();
  expectTypeOf<Agent["limits"]["maxWallMs"]>().toEqualTypeOf<number>();
  // @ts-expect-error there is no such limit
  agent({ name: "a", limits: { maxSteps: 5 } });
  // @ts-expect-error undefined would switch a default off
  agent({ name: "a", limits: { maxWallMs: undefined } });
});

test("events are a union by type", () => {
  const event = {} as TurnEvent;
  if (event.type === "model.answered") {
    expectTypeOf(event.text).toEqualTypeOf<string>();
    expectTypeOf(event.turnId).toEqualTypeOf<TurnId>();
  }
  if (event.type === "turn.ended") expectTypeOf(event.outcome).toEqualTypeOf<TurnOutcome>();
  if (event.type === "limit.reached") expectTypeOf(event.limit).toEqualTypeOf<LimitName>();
  // @ts-expect-error there is no such event
  expectTypeOf(event.type === "turn.exploded");
});

test("outcomes are a union by status, and by kind", () => {
  const outcome = {} as TurnOutcome;
  if (outcome.status === "completed") expectTypeOf(outcome.text).toEqualTypeOf<string>();
  if (outcome.status === "failed") expectTypeOf(outcome.code).toEqualTypeOf<string>();
  expectTypeOf<TurnOutcome["status"]>().toEqualTypeOf<"completed" | "failed" | "cancelled">();
  expectTypeOf<OutcomeOf<"durable_step">["value"]>().toEqualTypeOf<Json>();
  expectTypeOf<CommandOf<"sleep">["dueAt"]>().toEqualTypeOf<number>();
  expectTypeOf<EffectOutcome["kind"]>().toEqualTypeOf<CommandOf<EffectOutcome["kind"]>["kind"]>();
});

test("ids of different kinds are not mixed up", () => {
  expectTypeOf(sessionId("s")).toEqualTypeOf<SessionId>();
  expectTypeOf<TurnId>().not.toExtend<SessionId>();
  expectTypeOf(turnId("t")).toExtend<string>();
  // @ts-expect-error a plain string was not checked
  const unchecked: TurnId = "t";
  expectTypeOf(unchecked).toEqualTypeOf<TurnId>();
});
