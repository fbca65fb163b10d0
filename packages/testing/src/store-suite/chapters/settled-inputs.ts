import { type InputId, inputId, sessionId, turnId } from "@pawl/core";
import type { AddCase } from "../store-case.ts";

const S1 = sessionId("s1");

/** Of the chapter on the commit: what becomes of the inputs of its turn. */
export function addSettledInputs(add: AddCase): void {
  add("S1 every input is stamped with the boundary that settled it", async (t) => {
    const held = await t.working();
    await held.end({ boundary: "run_start", outcome: null, delta: null, inputIds: [] });
    await held.end();
    const input = await t.store.inbox.load(inputId("in_s1"));
    t.expect([input?.state, input?.lastRunId, input?.lastBoundarySequence]).toEqual([
      "consumed",
      "turn_s1",
      1,
    ]);
  });

  add("S14 D19 only inputs of the run can be settled by it, each once", async (t) => {
    const held = await t.working();
    await t.accept("in_queued");
    await t.accept("in_elsewhere", "s2");
    const settling = (...ids: string[]) => held.commit({ inputIds: ids.map((id): InputId => inputId(id)) });
    for (const ids of [
      ["in_s1", "in_queued"],
      ["in_s1", "in_elsewhere"],
      ["in_s1", "in_unknown"],
      ["in_s1", "in_s1"],
    ]) {
      await t.unchanged(["s1", "s2"], () => t.refused(settling(...ids), "store_conflict", ids.join()));
    }
    await held.end({ boundary: "run_checkpoint", outcome: null });
    await t.unchanged(["s1"], () => t.refused(settling("in_s1"), "store_conflict", "settled before"));
    await held.end({ inputIds: [] });
  });

  add("D19 what a turn claimed and did not settle goes back to the queue with its end", async (t) => {
    const held = await t.working();
    await t.accept("in_used", "s1", { delivery: "steer" });
    await t.accept("in_unused", "s1", { delivery: "steer" });
    await t.store.inbox.checkpoint(held.fence, turnId("turn_s1"), () => held.texts("checkpoint")[0]!);
    held.head += 1;
    await held.end({ inputIds: [inputId("in_s1"), inputId("in_used")] });
    const inputs = await t.store.inbox.list(S1);
    t.expect(inputs.map((input) => [input.inputId, input.state, input.turnId])).toEqual([
      ["in_s1", "consumed", "turn_s1"],
      ["in_used", "consumed", "turn_s1"],
      ["in_unused", "queued", null],
    ]);
    t.expect((await t.store.inbox.next(held.fence))?.inputId).toBe("in_unused");
  });

  add("D19 the input that names the turn must be settled by its end", async (t) => {
    const held = await t.working();
    await t.unchanged(["s1"], () => t.refused(held.commit({ inputIds: [] }), "store_conflict"));
    t.expect((await held.end()).inputIds).toEqual(["in_s1"]);
  });
}
