// What is stored takes few bytes, and what is read is what was written.
import {
  type EffectOutcome,
  type LogRow,
  loadJsonDigest,
  type Message,
  NO_USAGE,
  sessionId,
  verifyReceipt,
} from "@pawl/core";
import { beforeAll, describe, expect, test } from "vitest";
import { beginRow, claimOne, deltaRow, fresh, newInput, newTurn, type PgStore, turnEnd } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;
let store: PgStore;
beforeAll(async () => {
  store = await database.store();
});

/** A turn of so many rows beside its first and its last, which says these messages. */
async function ended(
  session: string,
  rows: number,
  messages: readonly Message[] = [],
): Promise<readonly LogRow[]> {
  const { input } = await store.inbox.accept(newInput(sessionId(session)));
  const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
  const claim = await claimOne(store, node, sessionId(session));
  const { fence } = claim;
  const head = claim.logHead;
  const turn = newTurn(sessionId(session), input.inputId, head + 1);
  await store.sessions.beginTurn(fence, turn);
  const written = Array.from({ length: rows }, (_, index): LogRow => {
    const seq = head + 2 + index;
    const body = {
      kind: "step_done",
      effectId: `${seq}.tool_call.0` as never,
      stepId: "s",
      value: { seq },
    } as const;
    return { seq, turnId: turn.turnId, ordinal: null, at: 1_000 + seq, body };
  });
  // One by one, in pairs, and many at once.
  for (const row of written.slice(0, 5)) await store.log.append(fence, [row]);
  if (rows > 5) await store.log.append(fence, written.slice(5));
  const before = await store.sessions.load(sessionId(session));
  await store.sessions.commit(
    fence,
    turnEnd(
      { session: sessionId(session), input: input.inputId, node, claim, fence, turn: turn.turnId },
      { seq: head + rows + 2, delta: { baseRevision: before?.revision ?? 0, messages } },
    ),
  );
  await store.leases.release(fence, { type: "idle" });
  return [beginRow(turn.turnId, sessionId(session), head + 1), ...written];
}

describe("the log", () => {
  test("D5 rows are read as they were written, wherever one begins, though few of them name their turn", async () => {
    const session = fresh("s");
    const first = await ended(session, 70);
    const second = await ended(session, 40);
    const { rows: stored } = await admin.query(
      "select seq::int, turn_id, json_typeof(body) as type from pawl.log where session_id = $1 order by seq",
      [session],
    );
    expect(stored).toHaveLength(114);
    expect(stored.filter(({ turn_id }) => turn_id !== null).map(({ seq }) => seq)).toEqual([
      1, 32, 64, 72, 73, 96, 114,
    ]);
    expect(stored.filter(({ type }) => type === "object").map(({ seq }) => seq)).toEqual([72, 114]);

    const read = async (query = {}) => (await store.log.read(session as never, query)).filter(isNoEnd);
    expect(await read()).toEqual([...first, ...second]);
    for (const after of [1, 31, 32, 50, 71, 72, 73, 100, 113])
      expect(await read({ after })).toEqual([...first, ...second].filter(({ seq }) => seq > after));
    for (const turn of [first, second]) {
      const { turnId } = turn[0]!;
      expect(await read({ turnId })).toEqual(turn);
      expect(await read({ turnId, after: turn[20]!.seq, limit: 7 })).toEqual(turn.slice(21, 28));
    }
    expect(await read({ turnId: "turn_unknown" })).toEqual([]);
  });

  test("ADR 18 an outcome and the checkpoint behind it share a row, and are read one by one", async () => {
    const session = sessionId(fresh("s"));
    const { input } = await store.inbox.accept(newInput(session));
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const claim = await claimOne(store, node, session);
    const { fence } = claim;
    const { turnId, ...begin } = newTurn(session, input.inputId, 1);
    await store.sessions.beginTurn(fence, { turnId, ...begin });
    const settled = (seq: number, at: number, ordinal: number, outcome: EffectOutcome): LogRow => {
      const effectId = `${seq}.${outcome.kind}.0` as never;
      const body = {
        kind: "machine_input",
        input: { type: "effect_settled", now: at, effectId, outcome },
      } as const;
      return { seq, turnId, ordinal, at, body };
    };
    const launch = { status: "done", result: { status: "ok", output: { say: "é" } } } as const;
    const shown: LogRow[] = [begin.row];
    for (let n = 0; n < 40; n++) {
      const seq = shown.length + 1;
      // A delta that was shown before stays a row of its own.
      const before = n % 4 === 0 ? [deltaRow(turnId, seq)] : [];
      const tool = settled(seq + before.length, 2_000 + n, 2 * n + 1, { kind: "tool_call", launch });
      const checkpoint = settled(tool.seq + 1, 2_000 + n + (n % 3), 2 * n + 2, {
        kind: "checkpoint",
        inputs: [],
      });
      const { row, inputs } = await store.inbox.checkpoint(fence, turnId, () => checkpoint, [
        ...before,
        tool,
      ]);
      expect(inputs).toEqual([]);
      expect(row).toEqual(checkpoint);
      shown.push(...before, tool, checkpoint);
    }
    const { rows } = await admin.query(
      "select seq::int, turn_id from pawl.log where session_id = $1 order by seq",
      [session],
    );
    expect(rows).toHaveLength(51);
    expect(rows.at(-1).seq).toBe(91);
    const isNamed = rows.filter(({ turn_id }) => turn_id !== null).map(({ seq }) => Math.floor(seq / 32));
    expect(isNamed).toEqual([0, 1, 2]);

    expect(await store.log.read(session)).toEqual(shown);
    for (let after = 0; after <= 91; after += 1) {
      const rest = shown.filter(({ seq }) => seq > after);
      expect(await store.log.read(session, { after })).toEqual(rest);
      expect(await store.log.read(session, { after, turnId, limit: 3 })).toEqual(rest.slice(0, 3));
    }
    expect(await store.log.read(session, { limit: 0 })).toEqual([]);

    // Its numbers are taken, and so is each of them.
    const other = { ...settled(91, 5, 81, { kind: "checkpoint", inputs: [] }) };
    await expect(store.log.append(fence, [other])).rejects.toMatchObject({ code: "store_conflict" });
    await expect(store.log.append(fence, [{ ...other, seq: 90 }])).rejects.toMatchObject({
      code: "store_conflict",
    });
    await store.log.append(fence, [deltaRow(turnId, 92)]);

    await store.sessions.commit(
      fence,
      turnEnd({ session, input: input.inputId, node, claim, fence, turn: turnId }, { seq: 93 }),
    );
    await store.leases.release(fence, { type: "idle" });
    const before = Date.UTC(2100, 0, 1);
    await store.retention.prune({ kind: "text", before, limit: 100 });
    const withoutText = (await store.log.read(session)).filter(isNoEnd);
    expect(withoutText.map(({ seq }) => seq)).toEqual([...shown.map(({ seq }) => seq), 92]);
    expect(withoutText.filter(({ ordinal }) => ordinal !== null)).toEqual(
      shown.filter(({ ordinal }) => ordinal !== null),
    );
    await store.retention.prune({ kind: "turns", before, limit: 100 });
    expect((await store.log.read(session)).map(({ seq, body }) => [seq, body])).toMatchObject([
      [92, { kind: "pruned", what: "turn", rows: 92 }],
      [93, { kind: "turn_committed" }],
    ]);
  });

  test.each([
    ["what the model said", "It is done.", 1],
    ["something else", "It is not.", 2],
    ["what the model said, at length", "It is done. ".repeat(20_000), 1],
    ["what the model said, in a book", "It is done. ".repeat(25_000), 2],
  ])("the end of a turn that says %s is read as it was written", async (_, text, times) => {
    const session = sessionId(fresh("s"));
    const { input } = await store.inbox.accept(newInput(session));
    const node = await store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const { fence } = await claimOne(store, node, session);
    const { turnId, ...begin } = newTurn(session, input.inputId, 1);
    await store.sessions.beginTurn(fence, { turnId, ...begin });
    const said = times === 1 || text.length > 1_000 ? text : "It is done.";
    const answer: LogRow = {
      seq: 2,
      turnId,
      ordinal: 1,
      at: 7,
      body: {
        kind: "machine_input",
        input: {
          type: "effect_settled",
          now: 7,
          effectId: "1.model_call.0" as never,
          outcome: {
            kind: "model_call",
            result: {
              ok: true,
              answer: {
                parts: [
                  { type: "text", text: said.slice(0, 4) },
                  { type: "reasoning", text: "Hm." },
                  { type: "text", text: said.slice(4) },
                ],
                terminalReason: "stop",
                usage: NO_USAGE,
                model: "m",
              },
            },
            textStreamed: true,
          },
        },
      },
    };
    const end: LogRow = {
      seq: 3,
      turnId,
      ordinal: 2,
      at: 8,
      body: {
        kind: "machine_input",
        input: {
          type: "effect_settled",
          now: 8,
          effectId: "1.checkpoint.0" as never,
          outcome: { kind: "checkpoint", inputs: [] },
        },
        events: [{ type: "turn.ended", outcome: { status: "completed", text } }],
      },
    };
    expect(await store.inbox.checkpoint(fence, turnId, () => end, [answer])).toEqual({
      inputs: [],
      row: end,
    });
    expect(await store.log.read(session)).toEqual([begin.row, answer, end]);
    expect(await store.log.read(session, { after: 2 })).toEqual([end]);
    const { rows } = await admin.query(
      "select sum((length(body::text) - length(replace(body::text, 'It', ''))) / 2)::int as said from pawl.log where session_id = $1",
      [session],
    );
    const each = text.split("It").length - 1;
    expect(rows[0].said).toBe(each * times);
  });

  test("D30 rows of an earlier version are read as they are", async () => {
    const session = fresh("s");
    const written = await ended(session, 8);
    await admin.query("update pawl.log set version = 1, turn_id = $2 where session_id = $1", [
      session,
      written[0]!.turnId,
    ]);
    for (const { seq, body } of written) {
      await admin.query("update pawl.log set body = $3 where session_id = $1 and seq = $2", [
        session,
        seq,
        JSON.stringify(body),
      ]);
    }
    expect((await store.log.read(session as never)).filter(isNoEnd)).toEqual(written);
  });
});

function isNoEnd({ body }: LogRow): boolean {
  return body.kind !== "turn_committed";
}

describe("receipts", () => {
  test("D21 they are read as they were minted, verified, and what an earlier version stored beside them", async () => {
    const session = sessionId(fresh("s"));
    for (let turns = 0; turns < 3; turns++) await ended(session, 0);
    const receipts = await store.sessions.receipts(session);
    expect(receipts.map(({ outcome }) => outcome)).toEqual(
      Array(3).fill({ status: "completed", text: "done" }),
    );
    const digest = await loadJsonDigest();
    for (const receipt of receipts) {
      const inputs = await store.inbox.list(session);
      const digests = inputs
        .filter(({ inputId }) => receipt.inputIds.includes(inputId))
        .map((input) => input.digest);
      expect(verifyReceipt(receipt, digests, digest)).toBe(true);
      expect(await store.sessions.loadBoundaryReceipt(session, receipt.runId, 0)).toEqual(receipt);
      expect((await store.sessions.loadCommitted(receipt.runId))?.receipt).toEqual(receipt);
      expect((await store.sessions.loadCommitted(receipt.runId))?.usage).toEqual(NO_USAGE);
    }
    const { rows } = await admin.query(
      "select receipt::text as text from pawl.receipts where session_id = $1",
      [session],
    );
    expect(rows.every(({ text }) => text.startsWith("[") && !text.includes("done"))).toBe(true);

    await admin.query("update pawl.receipts set receipt = $2, usage = $3 where run_id = $1", [
      receipts[1]?.runId,
      JSON.stringify(receipts[1]),
      JSON.stringify(NO_USAGE),
    ]);
    expect(await store.sessions.receipts(session)).toEqual(receipts);
    let step = await store.retention.erase(session, { limit: 100 });
    while (step.status === "erasing") step = await store.retention.erase(session, { limit: 100 });
    if (step.status !== "erased") throw new Error(step.status);
    expect(step.session.chain).toEqual(receipts.map(({ digest, previous }) => ({ digest, previous })));
  });
});

describe("messages", () => {
  const said = (from: number, count: number, characters = 10): readonly Message[] =>
    Array.from({ length: count }, (_, index) => {
      const text = `${from + index} `.padEnd(characters, "é");
      return { id: `m${from + index}`, role: "assistant", parts: [{ type: "text", text }] };
    });

  test("those of one commit share a row, and are read from any of them on", async () => {
    const session = fresh("s");
    const all = [...said(0, 3), ...said(3, 1), ...said(4, 5)];
    await ended(session, 0, all.slice(0, 3));
    await ended(session, 0, all.slice(3, 4));
    await ended(session, 0, all.slice(4));
    const { rows } = await admin.query(
      "select position::int, json_array_length(body) as count from pawl.messages where session_id = $1 order by position",
      [session],
    );
    expect(rows).toEqual([
      { position: 2, count: 3 },
      { position: 3, count: 1 },
      { position: 8, count: 5 },
    ]);
    for (let from = 0; from <= 9; from++)
      expect(await store.sessions.transcript(session as never, from)).toEqual(all.slice(from));
    expect(await store.sessions.loadSessionSnapshot(session as never)).toEqual({
      revision: 3,
      messages: all,
    });
    expect(await store.sessions.load(session as never)).toMatchObject({ messageCount: 9, revision: 3 });
  });

  test("large ones do not: whoever reads a row has it in memory", async () => {
    const session = fresh("s");
    const all = [...said(0, 6, 100_000), ...said(6, 1, 400_000), ...said(7, 2)];
    await ended(session, 0, all);
    const { rows } = await admin.query(
      "select json_array_length(body) as count from pawl.messages where session_id = $1 order by position",
      [session],
    );
    expect(rows.map(({ count }) => count)).toEqual([2, 2, 2, 1, 2]);
    for (const from of [0, 1, 3, 6, 8])
      expect(await store.sessions.transcript(session as never, from)).toEqual(all.slice(from));
  });

  test("D30 those of an earlier version have rows of their own", async () => {
    const session = fresh("s");
    const old = said(0, 2);
    await ended(session, 0, old);
    await admin.query("delete from pawl.messages where session_id = $1", [session]);
    for (const [position, message] of old.entries()) {
      await admin.query(
        "insert into pawl.messages (session_id, position, run_id, body) values ($1, $2, 'turn_old', $3)",
        [session, position, JSON.stringify(message)],
      );
    }
    const added = said(2, 2);
    await ended(session, 0, added);
    for (let from = 0; from <= 4; from++)
      expect(await store.sessions.transcript(session as never, from)).toEqual([...old, ...added].slice(from));
  });
});
