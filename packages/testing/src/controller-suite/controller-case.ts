import type { EffectEnvelope, EffectOutcome } from "@pawl/core";
import type { TestRunner } from "../store-suite/runner.ts";

/** An executor as the suite hands it to a controller. */
export type SuiteExecutor = (
  envelope: EffectEnvelope,
  context: { readonly signal: AbortSignal },
) => Promise<EffectOutcome>;

export interface ControllerUnderTest {
  execute(envelope: EffectEnvelope, context: object): Promise<EffectOutcome>;
}

export interface ControllerSuiteOptions {
  readonly name: string;
  /** `inline` controllers remember nothing; `durable` ones perform a recorded effect never again. */
  readonly tier: "inline" | "durable";
  /** A controller with these executors, by the kind of effect that they perform. */
  createController(executors: { readonly [kind: string]: SuiteExecutor }): ControllerUnderTest;
}

export interface ControllerCase {
  /** Begins with the invariants that it checks. */
  readonly name: string;
  readonly tiers: readonly ControllerSuiteOptions["tier"][];
  run(options: ControllerSuiteOptions, expect: TestRunner["expect"]): Promise<void>;
}
