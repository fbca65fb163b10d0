import { type EffectEnvelope, type EffectOutcome, mustMatch } from "@pawl/core";
import { type EffectContext, type Executors, inline, journaled } from "@pawl/effects";
import { manualClock } from "@pawl/testing";
import {
  CONTROLLER_CASES,
  type ControllerSuiteOptions,
  type ControllerUnderTest,
  controllerSuite,
  type SuiteExecutor,
} from "@pawl/testing/controller-suite";
import { describe, expect, it } from "vitest";

type SuiteExecutors = { readonly [kind: string]: SuiteExecutor };

const inlineOptions: ControllerSuiteOptions = {
  name: "inline",
  tier: "inline",
  createController: (executors) => inline({ executors: executors as Executors }) as ControllerUnderTest,
};

const journaledOptions: ControllerSuiteOptions = {
  name: "journaled",
  tier: "durable",
  createController: (executors) =>
    journaled({ executors: executors as Executors, clock: manualClock() }) as ControllerUnderTest,
};

controllerSuite({ describe, it, expect }, inlineOptions);
controllerSuite({ describe, it, expect }, journaledOptions);

/** A durable controller with a fault: written here in a few lines, so that each fault is plain to see. */
function faulty(fault: {
  readonly forgets?: boolean;
  readonly performsRecorded?: boolean;
  readonly recordsLater?: boolean;
  readonly intendsLater?: boolean;
  readonly performsAmbiguous?: boolean;
  readonly ignoresDivergence?: boolean;
  readonly beginsStopped?: boolean;
}): ControllerSuiteOptions {
  const create = (executors: SuiteExecutors): ControllerUnderTest => {
    const sound = journaledOptions.createController(executors);
    return {
      async execute(envelope: EffectEnvelope, context: object): Promise<EffectOutcome> {
        const { journal } = context as EffectContext;
        const executor = executors[envelope.command.kind];
        const recorded = journal?.recorded(envelope);
        if (executor === undefined || journal === undefined) return sound.execute(envelope, context);
        const perform = () => executor(envelope, context as EffectContext);
        if (fault.forgets || (fault.performsRecorded && recorded?.outcome)) return perform();
        if (fault.recordsLater) {
          const outcome = await perform();
          queueMicrotask(() => void journal.record(envelope, outcome).catch(() => {}));
          return outcome;
        }
        if (fault.intendsLater && envelope.command.kind === "tool_call") {
          const outcome = await perform();
          await journal.intent(envelope, { attempt: 0, startBefore: 0 });
          await journal.record(envelope, outcome);
          return outcome;
        }
        if (fault.performsAmbiguous && recorded?.intent && !recorded.outcome) {
          const outcome = await perform();
          await journal.record(envelope, outcome);
          return outcome;
        }
        if (fault.ignoresDivergence && recorded?.outcome) {
          const same = JSON.stringify(recorded.command) === JSON.stringify(mustMatch(envelope.command));
          return same ? recorded.outcome : perform();
        }
        if (fault.beginsStopped) {
          return sound.execute(envelope, { ...context, signal: new AbortController().signal });
        }
        return sound.execute(envelope, context);
      },
    };
  };
  return { name: Object.keys(fault).join(), tier: "durable", createController: create };
}

/** The cases that this controller fails, by the number at the beginning of their names. */
async function failedBy(options: ControllerSuiteOptions): Promise<ReadonlySet<string>> {
  const failed = new Set<string>();
  for (const { name, tiers, run } of CONTROLLER_CASES) {
    if (!tiers.includes(options.tier)) continue;
    await run(options, expect).catch(() => failed.add(name.slice(0, 2)));
  }
  return failed;
}

describe("the contract bites: a controller with one fault fails the case made for it", () => {
  it.each([
    ["forgets what it performed", { forgets: true }, "E1"],
    ["performs what is recorded", { performsRecorded: true }, "E1"],
    ["resolves before the record is durable", { recordsLater: true }, "E2"],
    ["makes the intent after performing", { intendsLater: true }, "E3"],
    ["performs an ambiguous call again", { performsAmbiguous: true }, "E3"],
    ["performs a command that differs from its record", { ignoresDivergence: true }, "E5"],
    ["begins what was told to stop", { beginsStopped: true }, "E6"],
  ] as const)("%s", async (_name, fault, invariant) => {
    expect(await failedBy(faulty(fault))).toContain(invariant);
  });

  it("and a sound one fails none", async () => {
    expect(await failedBy(faulty({}))).toEqual(new Set());
    expect(await failedBy(journaledOptions)).toEqual(new Set());
  });
});
