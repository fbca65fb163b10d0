import { type CommitReceipt, sessionId, turnId, verifyReceipt } from "@pawl/core";
import { COMPLETED, USAGE, userMessage } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import { addSettledInputs } from "./settled-inputs.ts";

const S1 = sessionId("s1");

export const commitChapter = chapter("The commit", (add) => {
  add("S7 the receipt says what was committed, and is the one that is stored", async (t) => {
    const held = await t.working();
    const receipt = await held.end();
    t.expect({ ...receipt, digest: "", deltaDigest: "" }).toEqual({
      version: 1,
      sessionId: "s1",
      runId: "turn_s1",
      boundary: "turn_end",
      sequence: 0,
      inputIds: ["in_s1"],
      baseRevision: 0,
      revision: 1,
      messageCount: 2,
      deltaDigest: "",
      outcome: COMPLETED,
      previous: null,
      digest: "",
    });
    t.expect(await t.store.sessions.receipts(S1)).toEqual([receipt]);
    const committed = await t.store.sessions.loadCommitted(receipt.runId);
    t.expect(committed?.receipt).toEqual(receipt);
    t.expect(committed?.usage).toEqual(USAGE);
    const [input] = await t.store.inbox.list(S1);
    t.expect((committed?.committedAt ?? 0) >= (input?.acceptedAt ?? 1)).toBe(true);
  });

  add("S9 D21 digests are what anybody computes, and the receipts are a chain", async (t) => {
    const digest = await t.digest();
    const held = await t.working();
    await held.end();
    for (const id of ["in_2", "in_3"]) {
      await t.accept(id);
      await held.begin([id]);
      await held.end();
    }
    const receipts = await t.store.sessions.receipts(S1);
    t.expect(receipts.length).toBe(3);
    const transcript = await t.store.sessions.transcript(S1);
    let previous: string | null = null;
    for (const [index, receipt] of receipts.entries()) {
      const inputs = [];
      for (const id of receipt.inputIds) inputs.push((await t.store.inbox.load(id))?.digest ?? "");
      t.expect(inputs.length).toBe(1);
      t.expect(verifyReceipt(receipt, inputs, digest), `receipt ${index} verifies`).toBe(true);
      t.expect(receipt.deltaDigest).toBe(digest(transcript.slice(2 * index, 2 * index + 2)));
      t.expect(receipt.previous).toBe(previous);
      t.expect([receipt.baseRevision, receipt.revision, receipt.messageCount]).toEqual([
        index,
        index + 1,
        2 * index + 2,
      ]);
      previous = receipt.digest;
    }
  });

  add("S8 sequences are dense per run, from 0, over all kinds of boundaries", async (t) => {
    const held = await t.working();
    const none = { delta: null, inputIds: [], outcome: null } as const;
    const message = (id: string, baseRevision: number) => ({ baseRevision, messages: [userMessage(id)] });
    const sequences = [];
    sequences.push(await held.end({ ...none, boundary: "run_start" }));
    sequences.push(await held.end({ ...none, boundary: "run_checkpoint", delta: message("m1", 0) }));
    sequences.push(await held.end({ ...none, boundary: "run_checkpoint", delta: message("m2", 1) }));
    sequences.push(await held.end());
    t.expect(sequences.map((receipt) => receipt.sequence)).toEqual([0, 1, 2, 3]);
    for (const receipt of sequences) {
      t.expect(await t.store.sessions.loadBoundaryReceipt(S1, receipt.runId, receipt.sequence)).toEqual(
        receipt,
      );
    }
    await t.accept("in_2");
    await held.begin(["in_2"]);
    t.expect((await held.end()).sequence).toBe(0);
  });

  add("a boundary without a delta leaves the session as it is", async (t) => {
    const held = await t.working();
    const receipt = await held.end({ boundary: "run_start", outcome: null, delta: null, inputIds: [] });
    t.expect([receipt.deltaDigest, receipt.messageCount]).toEqual([null, 0]);
    t.expect([receipt.baseRevision, receipt.revision]).toEqual([0, 0]);
    const record = await t.store.sessions.load(S1);
    t.expect([record?.revision, record?.messageCount, record?.openTurn]).toEqual([0, 0, held.turn]);
    t.expect(record?.lastDigest).toBe(receipt.digest);
  });

  add("an immediate boundary needs no turn and no row", async (t) => {
    await t.accept("in_1");
    const held = await t.hold(await t.node());
    const { row: _, ...boundary } = await held.ending({
      runId: turnId("import-1"),
      boundary: "immediate",
      outcome: null,
    });
    const result = await t.store.sessions.commit(held.fence, boundary);
    t.expect(result.status).toBe("committed");
    t.expect((await t.store.sessions.transcript(S1)).length).toBe(2);
    t.expect(await t.store.log.read(S1)).toEqual([]);
    await held.begin(["in_1"]);
    t.expect((await held.end()).baseRevision).toBe(1);
  });

  add("the last row is made from the receipt and written with it", async (t) => {
    const held = await t.working();
    await held.append("hello");
    const { sequence, digest } = await held.end();
    const rows = await t.store.log.read(S1);
    t.expect(rows.map((row) => row.seq)).toEqual([1, 2, 3]);
    t.expect(rows[2]?.body).toEqual({ kind: "turn_committed", sequence, digest });
  });

  add("rows that come right before are written with it, or nothing is", async (t) => {
    const held = await t.working();
    await held.append("shown");
    const before = held.texts("almost", "over");
    const row = ({ sequence, digest }: CommitReceipt) =>
      held.row({ kind: "turn_committed", sequence, digest }, { seq: held.head + 3 });
    const boundary = await held.ending({ before, row });
    const result = await t.store.sessions.commit(held.fence, boundary);
    const rows = await t.store.log.read(S1, { after: held.head });
    const [receipt] = await t.store.sessions.receipts(S1);
    if (result.status === "apart") {
      t.expect([rows, receipt]).toEqual([[], undefined]);
      t.expect((await held.commit()).status).toBe("committed");
      return;
    }
    t.expect(result).toEqual({ status: "committed", receipt });
    t.expect(rows).toEqual([...before, row(receipt!)]);
    t.expect(await t.store.log.read(S1, { turnId: boundary.runId, after: held.head })).toEqual(rows);
    // Its answer may have been lost.
    const { before: _written, ...again } = boundary;
    t.expect(await t.store.sessions.commit(held.fence, again)).toEqual(result);
  });

  add("D19 a turn that somebody wants to steer is not committed with rows before it", async (t) => {
    const held = await t.working();
    await t.accept("in_steer", "s1", { delivery: "steer" });
    const before = held.texts("over");
    const row = ({ sequence, digest }: CommitReceipt) =>
      held.row({ kind: "turn_committed", sequence, digest }, { seq: held.head + 2 });
    await t.unchanged(["s1"], async () => {
      const result = await t.store.sessions.commit(held.fence, await held.ending({ before, row }));
      t.expect(result).toEqual({ status: "apart" });
    });
  });

  add("S12 D20 the same commit again is the same receipt, and changes nothing", async (t) => {
    const held = await t.working();
    const boundary = await held.ending();
    const first = await t.store.sessions.commit(held.fence, boundary);
    await t.unchanged(["s1"], async () => {
      t.expect(await t.store.sessions.commit(held.fence, boundary)).toEqual(first);
    });
    t.expect(first.status).toBe("committed");
  });

  add("S12 D20 it is so for a holder that was superseded meanwhile: its answer was lost", async (t) => {
    const held = await t.working();
    const boundary = await held.ending();
    const first = await t.store.sessions.commit(held.fence, boundary);
    await t.node("node-of-s1");
    await t.unchanged(["s1"], async () => {
      t.expect(await t.store.sessions.commit(held.fence, boundary)).toEqual(first);
    });
    t.expect(first.status).toBe("committed");
  });

  add("S12 D20 the same is the same for every kind of boundary", async (t) => {
    const held = await t.working();
    const rest = { outcome: null, inputIds: [] };
    const boundaries = [
      await held.ending({ ...rest, boundary: "run_start", delta: null }),
      await held.ending({
        ...rest,
        boundary: "run_checkpoint",
        delta: { baseRevision: 0, messages: [userMessage("m1")] },
      }),
    ];
    for (const { row: _, ...boundary } of boundaries) {
      const first = await t.store.sessions.commit(held.fence, boundary);
      t.expect(await t.store.sessions.commit(held.fence, boundary)).toEqual(first);
    }
    t.expect((await t.store.sessions.receipts(S1)).map((receipt) => receipt.sequence)).toEqual([0, 1]);
  });

  add("S12 D20 another commit of the same turn is a conflict", async (t) => {
    const held = await t.working();
    const boundary = await held.ending();
    await t.store.sessions.commit(held.fence, boundary);
    const others = [
      { ...boundary, delta: { baseRevision: 0, messages: [userMessage("other")] } },
      { ...boundary, delta: null },
      { ...boundary, delta: { baseRevision: 1, messages: boundary.delta?.messages ?? [] } },
      { ...boundary, outcome: { status: "completed" as const, text: "something else" } },
      { ...boundary, inputIds: [] },
    ];
    for (const [index, other] of others.entries()) {
      await t.unchanged(["s1"], () =>
        t.refused(t.store.sessions.commit(held.fence, other), "store_conflict", `variant ${index}`),
      );
    }
  });

  add("D20 a delta on another revision than the session's is a conflict", async (t) => {
    const held = await t.working();
    await held.end();
    await t.accept("in_2");
    await held.begin(["in_2"]);
    for (const baseRevision of [0, 2]) {
      const boundary = await held.ending({ delta: { baseRevision, messages: [userMessage("m")] } });
      await t.unchanged(["s1"], () =>
        t.refused(t.store.sessions.commit(held.fence, boundary), "store_conflict"),
      );
    }
    t.expect((await held.end()).revision).toBe(2);
  });

  add("S14 D8 only an open turn can end, and it ends once", async (t) => {
    const held = await t.working();
    await t.unchanged(["s1"], () =>
      t.refused(held.commit({ runId: turnId("turn_other") }), "store_conflict"),
    );
    await held.end();
    const after = await held.ending({ runId: turnId("turn_s1"), boundary: "run_checkpoint", outcome: null });
    await t.unchanged(["s1"], () =>
      t.refused(t.store.sessions.commit(held.fence, { ...after, inputIds: [] }), "store_conflict"),
    );
    await t.accept("in_2");
    await t.unchanged(["s1"], () => t.refused(held.begin(["in_2"], { turn: "turn_s1" }), "store_conflict"));
  });

  add("while a turn is open, only that turn changes the session", async (t) => {
    const held = await t.working();
    const boundary = await held.ending({
      runId: turnId("import-1"),
      boundary: "immediate",
      outcome: null,
      inputIds: [],
    });
    await t.unchanged(["s1"], () =>
      t.refused(t.store.sessions.commit(held.fence, boundary), "store_conflict"),
    );
    t.expect((await held.end()).revision).toBe(1);
  });

  addSettledInputs(add);
});
