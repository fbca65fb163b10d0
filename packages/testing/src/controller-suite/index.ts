import type { TestRunner } from "../store-suite/runner.ts";
import type { ControllerCase, ControllerSuiteOptions } from "./controller-case.ts";
import { performing } from "./performing.ts";
import { recording } from "./recording.ts";

export type {
  ControllerCase,
  ControllerSuiteOptions,
  ControllerUnderTest,
  SuiteExecutor,
} from "./controller-case.ts";

/** The contract of every effect controller, case by case. */
export const CONTROLLER_CASES: readonly ControllerCase[] = [...performing, ...recording];

/** Registers the cases of a controller's tier with a test runner. */
export function controllerSuite({ describe, it, expect }: TestRunner, options: ControllerSuiteOptions): void {
  describe(`controller contract: ${options.name}`, () => {
    for (const { name, tiers, run } of CONTROLLER_CASES) {
      if (tiers.includes(options.tier)) it(name, () => run(options, expect), 10_000);
    }
  });
}
