import { memoryEffectJournal } from "../memory-effect-journal.ts";
import type { ControllerCase } from "./controller-case.ts";
import { codeOf, contextOf, stepDone, stepEnvelope, toolDone, toolEnvelope } from "./fixtures.ts";

const BOTH = ["inline", "durable"] as const;

/** What every controller does with an effect that is not recorded. */
export const performing: readonly ControllerCase[] = [
  {
    name: "E0 hands the envelope to the executor of its kind and returns what that returns",
    tiers: BOTH,
    async run({ createController }, expect) {
      const seen: unknown[] = [];
      const controller = createController({
        durable_step: async (envelope) => {
          seen.push(envelope);
          return stepDone("done");
        },
        tool_call: async () => toolDone("wrong"),
      });
      const envelope = stepEnvelope();
      const outcome = await controller.execute(envelope, contextOf("retry", memoryEffectJournal()));
      expect(outcome).toEqual(stepDone("done"));
      expect(seen).toEqual([envelope]);
    },
  },
  {
    name: "E0 without an executor says so with a code, and records nothing",
    tiers: BOTH,
    async run({ createController }, expect) {
      const journal = memoryEffectJournal();
      const execution = createController({}).execute(stepEnvelope(), contextOf("retry", journal));
      expect(await codeOf(execution)).toBe("runtime_effect_local_executor_unavailable");
      expect(journal.writes).toEqual([]);
    },
  },
  {
    name: "E0 refuses an outcome of another kind, and records nothing",
    tiers: BOTH,
    async run({ createController }, expect) {
      const journal = memoryEffectJournal();
      const controller = createController({ durable_step: async () => toolDone("wrong") });
      expect(await codeOf(controller.execute(stepEnvelope(), contextOf("retry", journal)))).toBe(
        "runtime_effect_wrong_outcome",
      );
      expect(journal.writes).toEqual([]);
    },
  },
  {
    name: "E0 throws what an executor throws, and records nothing",
    tiers: BOTH,
    async run({ createController }, expect) {
      const journal = memoryEffectJournal();
      const controller = createController({
        durable_step: () => Promise.reject(new Error("the disk is gone")),
      });
      expect(await codeOf(controller.execute(stepEnvelope(), contextOf("retry", journal)))).toBe("other");
      expect(journal.writes).toEqual([]);
    },
  },
  {
    name: "E0 inline remembers nothing",
    tiers: ["inline"],
    async run({ createController }, expect) {
      let performed = 0;
      const controller = createController({ tool_call: async () => toolDone(++performed) });
      await controller.execute(toolEnvelope(), contextOf("ask"));
      expect(await controller.execute(toolEnvelope(), contextOf("ask"))).toEqual(toolDone(2));
    },
  },
];
