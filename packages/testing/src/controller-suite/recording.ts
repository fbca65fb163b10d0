import { canonicalJson, isPawlError } from "@pawl/core";
import { memoryEffectJournal } from "../memory-effect-journal.ts";
import type { ControllerCase } from "./controller-case.ts";
import { codeOf, contextOf, stepDone, stepEnvelope, toolDone, toolEnvelope } from "./fixtures.ts";

const DURABLE = ["durable"] as const;

/** What a durable controller does about records. Numbers as in the journaled controller of `@pawl/effects`. */
export const recording: readonly ControllerCase[] = [
  {
    name: "E1 returns a recorded outcome and performs nothing",
    tiers: DURABLE,
    async run({ createController }, expect) {
      let performed = 0;
      const journal = memoryEffectJournal();
      const controller = createController({ durable_step: async () => stepDone(++performed) });
      await controller.execute(stepEnvelope(), contextOf("retry", journal));
      const again = await controller.execute(stepEnvelope(), contextOf("retry", journal.reopen()));
      expect(again).toEqual(stepDone(1));
      expect(performed).toBe(1);
    },
  },
  {
    name: "E2 has the outcome durable when it resolves, and rejects when it cannot be",
    tiers: DURABLE,
    async run({ createController }, expect) {
      const journal = memoryEffectJournal();
      const controller = createController({ durable_step: async () => stepDone(1) });
      await controller.execute(stepEnvelope(), contextOf("retry", journal));
      expect(journal.recorded(stepEnvelope())?.outcome).toEqual(stepDone(1));
      const broken = memoryEffectJournal({
        fail: () => {
          throw new Error("the database is gone");
        },
      });
      expect(await codeOf(controller.execute(stepEnvelope(), contextOf("retry", broken)))).toBe("other");
    },
  },
  {
    name: "E3 makes the intent of an `ask` tool durable before it performs (D12)",
    tiers: DURABLE,
    async run({ createController }, expect) {
      const journal = memoryEffectJournal();
      let writesBefore: readonly string[] = [];
      const controller = createController({
        tool_call: async () => {
          writesBefore = [...journal.writes];
          return toolDone(1);
        },
      });
      await controller.execute(toolEnvelope(), contextOf("ask", journal));
      expect(writesBefore).toEqual(["intent 1.tool_call.0"]);
      expect(journal.writes).toEqual(["intent 1.tool_call.0", "outcome 1.tool_call.0"]);
    },
  },
  {
    name: "E3 after a crash in an `ask` tool records that it is ambiguous and does not perform (D12)",
    tiers: DURABLE,
    async run({ createController }, expect) {
      const journal = memoryEffectJournal();
      let performed = 0;
      const dying = createController({
        tool_call: () => {
          performed += 1;
          return Promise.reject(new Error("the process dies here"));
        },
      });
      await codeOf(dying.execute(toolEnvelope(), contextOf("ask", journal)));
      const next = journal.reopen();
      const controller = createController({ tool_call: async () => toolDone(++performed) });
      const outcome = await controller.execute(toolEnvelope(), contextOf("ask", next));
      const launch = outcome.kind === "tool_call" ? outcome.launch : undefined;
      expect(launch?.status).toBe("ambiguous");
      expect(launch?.status === "ambiguous" && launch.attempt).toBe(0);
      expect(next.recorded(toolEnvelope())?.outcome).toEqual(outcome);
      expect(performed).toBe(1);
    },
  },
  {
    name: "E3 after a crash in a `retry` tool performs it again",
    tiers: DURABLE,
    async run({ createController }, expect) {
      const journal = memoryEffectJournal();
      let performed = 0;
      const tool_call = () => {
        performed += 1;
        return performed === 1 ? Promise.reject(new Error("dies")) : Promise.resolve(toolDone(performed));
      };
      const controller = createController({ tool_call });
      await codeOf(controller.execute(toolEnvelope(), contextOf("retry", journal)));
      expect(await controller.execute(toolEnvelope(), contextOf("retry", journal.reopen()))).toEqual(
        toolDone(2),
      );
    },
  },
  {
    name: "E5 says where a recorded command differs, never what is in it, and performs nothing",
    tiers: DURABLE,
    async run({ createController }, expect) {
      const journal = memoryEffectJournal();
      let performed = 0;
      const controller = createController({ tool_call: async () => toolDone(++performed) });
      await controller.execute(toolEnvelope({ card: "4111-secret" }), contextOf("retry", journal));
      const changed = toolEnvelope({ card: "5500-secret" });
      let told: unknown;
      await controller.execute(changed, contextOf("retry", journal.reopen())).catch((thrown: unknown) => {
        told = thrown;
      });
      const error = isPawlError(told, "nondeterminism_detected") ? told : undefined;
      expect(error?.details.paths).toEqual(["/input/card"]);
      expect(`${error?.message}${canonicalJson(error?.details ?? {})}`.includes("secret")).toBe(false);
      expect(performed).toBe(1);
    },
  },
  {
    name: "E5 calls a record of another kind corrupt",
    tiers: DURABLE,
    async run({ createController }, expect) {
      const journal = memoryEffectJournal();
      await journal.record(toolEnvelope(), stepDone(1));
      const controller = createController({ tool_call: async () => toolDone(1) });
      expect(await codeOf(controller.execute(toolEnvelope(), contextOf("retry", journal)))).toBe(
        "store_corrupt_row",
      );
    },
  },
  {
    name: "E6 does not begin what was told to stop before, and records that (D18)",
    tiers: DURABLE,
    async run({ createController }, expect) {
      const journal = memoryEffectJournal();
      let performed = 0;
      const controller = createController({ tool_call: async () => toolDone(++performed) });
      const stopped = AbortSignal.abort();
      const outcome = await controller.execute(toolEnvelope(), contextOf("ask", journal, stopped));
      expect(outcome).toEqual({
        kind: "tool_call",
        launch: { status: "done", result: { status: "cancelled", certainty: "before_start" } },
      });
      expect(journal.writes).toEqual(["outcome 1.tool_call.0"]);
      expect(performed).toBe(0);
    },
  },
];
