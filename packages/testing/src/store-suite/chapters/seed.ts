import { inputId, sessionId, turnIdOfInput } from "@pawl/core";
import { userMessage } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import { newInputState } from "./input-states.ts";

const S1 = sessionId("s1");

/** The seven promises that stores of this kind were first built on, under their old names. */
export const seedChapter = chapter("The seed", (add) => {
  add("S1 atomic_apply_roundtrip: delta, receipt and input are stored by one commit", async (t) => {
    const held = await t.working();
    const receipt = await held.end();
    const inputs = await t.store.inbox.loadInputStates(S1);
    t.expect(inputs.map((input) => input.inputId)).toEqual(["in_s1"]);
    t.expect(inputs[0]?.state).toBe("consumed");
    t.expect(await t.store.sessions.loadBoundaryReceipt(S1, receipt.runId, 0)).toEqual(receipt);
  });

  add("S1 persist_and_load_single_state: one input state comes back", async (t) => {
    const kept = await t.store.inbox.persistInputState(newInputState("in_1"));
    t.expect(await t.store.inbox.loadInputState(inputId("in_1"))).toEqual(kept);
    t.expect([kept.inputId, kept.state]).toEqual(["in_1", "accepted"]);
  });

  add("S2 load_nonexistent_returns_none: nothing is nothing, and no error", async (t) => {
    const { sessions, inbox } = t.store;
    const turn = turnIdOfInput(inputId("in_1"));
    t.expect(await inbox.loadInputStates(S1)).toEqual([]);
    t.expect(await inbox.loadInputState(inputId("in_1"))).toBe(null);
    t.expect(await sessions.loadBoundaryReceipt(S1, turn, 0)).toBe(null);
    t.expect(await sessions.loadSessionSnapshot(S1)).toBe(null);
    t.expect(await sessions.loadRuntimeState(S1)).toBe(null);
  });

  add("S3 atomic_apply_updates_existing: an input that changes stays one input", async (t) => {
    const held = await t.working();
    const states = async () => (await t.store.inbox.loadInputStates(S1)).map((input) => input.state);
    t.expect(await states()).toEqual(["staged"]);
    await held.end();
    t.expect(await states()).toEqual(["consumed"]);
  });

  add(
    "S7 commit_session_boundary_returns_authoritative_receipt: what is returned is what is stored",
    async (t) => {
      const held = await t.working();
      const receipt = await held.end({ boundary: "run_checkpoint", outcome: null });
      t.expect(receipt.sequence).toBe(0);
      t.expect(receipt.runId).toBe(held.turn);
      t.expect(typeof receipt.deltaDigest).toBe("string");
      t.expect(await t.store.sessions.loadBoundaryReceipt(S1, receipt.runId, receipt.sequence)).toEqual(
        receipt,
      );
      t.expect(await t.store.sessions.loadBoundaryReceipt(S1, receipt.runId, 1)).toBe(null);
    },
  );

  add("S4 multiple_runtimes_isolated: each session has its own inputs", async (t) => {
    const { inbox } = t.store;
    await inbox.persistInputState(newInputState("in_a", "runtime-1"));
    await inbox.persistInputState(newInputState("in_b", "runtime-2"));
    await inbox.persistInputState(newInputState("in_c", "runtime-2"));
    t.expect((await inbox.loadInputStates(sessionId("runtime-1"))).length).toBe(1);
    t.expect((await inbox.loadInputStates(sessionId("runtime-2"))).length).toBe(2);
  });

  add("S1 load_session_snapshot_roundtrip: the snapshot is exactly what was committed", async (t) => {
    const held = await t.working();
    const messages = [userMessage("m1"), userMessage("m2", "«ünïcödé» 🐢\n\ttab")];
    t.expect(await t.store.sessions.loadSessionSnapshot(S1)).toEqual({ revision: 0, messages: [] });
    await held.end({ delta: { baseRevision: 0, messages } });
    t.expect(await t.store.sessions.loadSessionSnapshot(S1)).toEqual({ revision: 1, messages });
  });
});
