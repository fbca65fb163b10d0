import { canonicalJson, tool } from "@pawl/core";
import { type Executors, inline, journaled } from "@pawl/effects";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, scriptedModel } from "@pawl/testing";
import {
  CONTROLLER_CASES,
  type ControllerSuiteOptions,
  type ControllerUnderTest,
} from "@pawl/testing/controller-suite";
import { z } from "zod";

const CONTROLLERS: readonly ControllerSuiteOptions[] = [
  {
    name: "inline",
    tier: "inline",
    createController: (executors) => inline({ executors: executors as Executors }) as ControllerUnderTest,
  },
  {
    name: "journaled",
    tier: "durable",
    createController: (executors) =>
      journaled({ executors: executors as Executors, clock: manualClock() }) as ControllerUnderTest,
  },
];

/** There is no test runner in a page: two matchers are all that the suite needs. */
function expectPlainly(actual: unknown) {
  const say = (value: unknown) => (value === undefined ? "undefined" : canonicalJson(value));
  const equal = (expected: unknown, equals: boolean) => {
    if (!equals) throw new Error(`expected ${say(expected)}, got ${say(actual)}`);
  };
  return {
    toBe: (expected: unknown) => equal(expected, Object.is(actual, expected)),
    toEqual: (expected: unknown) => equal(expected, say(actual) === say(expected)),
  };
}

async function contract(): Promise<{ readonly passed: number; readonly failed: readonly string[] }> {
  let passed = 0;
  const failed: string[] = [];
  for (const options of CONTROLLERS) {
    for (const { name, tiers, run } of CONTROLLER_CASES) {
      if (!tiers.includes(options.tier)) continue;
      try {
        await run(options, expectPlainly);
        passed++;
      } catch (error) {
        failed.push(`${options.name}: ${name}: ${String(error)}`);
      }
    }
  }
  return { passed, failed };
}

/** A whole turn: host, queue runner, driver, journaled controller, store in memory. */
async function oneTurn() {
  const model = scriptedModel([{ tools: [{ name: "add", input: { a: 20, b: 22 } }] }, "It is 42."]);
  const add = tool({
    description: "Adds",
    input: z.object({ a: z.number(), b: z.number() }),
    onCrash: "retry",
    execute: ({ a, b }) => a + b,
  });
  const host = createHost({ store: memoryStore(), model, tools: { add } });
  const turn = await host.session("s1").send("What is 20 + 22?");
  const result = await turn.result();
  const replayed = await turn.replay();
  await host.stop();
  model.done();
  return { result, replayed };
}

/** What effects do in a page: the contract of controllers, and a turn with its replay. */
export default async function runEffects() {
  const { passed, failed } = await contract();
  const { result, replayed } = await oneTurn();
  return { passed, failed, result, replayed };
}
