// What a database does to a store when it cannot go on: each has a code and a sentence, nothing is lost, and no session harms another.
import type { PawlError } from "@pawl/core";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { deltaRow, fresh, newInput, type OpenTurn, openTurn, type PgStore, turnEnd } from "./harness.ts";
import { refusal, testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;
// Some tests open it as somebody who may not make its tables.
beforeAll(async () => void (await database.store()));
afterEach(database.closeStores);
const store = database.store;

const seqs = async (one: PgStore, { session }: OpenTurn) =>
  (await one.log.read(session)).map(({ seq }) => seq);

describe("a full disk", () => {
  /** The disk is full for whatever these sessions write into this table. */
  async function fill(table: string, sessions: readonly string[]): Promise<() => Promise<void>> {
    const name = fresh("full");
    await admin.query(`create function pawl.${name}() returns trigger language plpgsql as $$
      begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`);
    const list = sessions.map((session) => `'${session}'`).join(", ");
    await admin.query(`create trigger ${name} before insert on pawl.${table} for each row
      when (new.session_id in (${list})) execute function pawl.${name}()`);
    return async () => {
      await admin.query(`drop function pawl.${name}() cascade`);
    };
  }

  test("names itself, loses nothing, and stops no other session of the batch", async () => {
    const one = await store();
    const [full, fine, other] = [await openTurn(one), await openTurn(one), await openTurn(one)];
    const empty = await fill("log", [full.session]);
    const [refused, ...rest] = await Promise.allSettled(
      [full, fine, other].map((turn) =>
        one.log.append(turn.fence, [deltaRow(turn.turn, 2), deltaRow(turn.turn, 3)]),
      ),
    );
    expect(rest.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    const { code, message, blame } = (refused as PromiseRejectedResult).reason as PawlError;
    expect([code, blame]).toEqual(["store_write_failed", "infrastructure"]);
    expect(message).toMatch(/disk of the database is full/);
    expect(await seqs(one, full)).toEqual([1]);
    expect(await seqs(one, fine)).toEqual([1, 2, 3]);
    await empty();
    // The same again, when there is room.
    await one.log.append(full.fence, [deltaRow(full.turn, 2), deltaRow(full.turn, 3)]);
    expect(await seqs(one, full)).toEqual([1, 2, 3]);
  });

  test("in the middle of a commit leaves nothing of it, and the commit works later", async () => {
    const one = await store();
    const turn = await openTurn(one);
    for (const table of ["messages", "receipts", "log"]) {
      const empty = await fill(table, [turn.session]);
      const { code, message } = await refusal(one.sessions.commit(turn.fence, turnEnd(turn)));
      expect([table, code]).toEqual([table, "store_write_failed"]);
      expect(message).toMatch(/disk of the database is full/);
      await empty();
      expect(await one.sessions.transcript(turn.session)).toEqual([]);
      expect(await one.sessions.receipts(turn.session)).toEqual([]);
      expect((await one.inbox.load(turn.input))?.state).toBe("staged");
    }
    const result = await one.sessions.commit(turn.fence, turnEnd(turn));
    expect(result).toMatchObject({ status: "committed", receipt: { sequence: 0, revision: 1 } });
  });

  test("refuses an input, which can be sent again", async () => {
    const one = await store();
    const session = fresh("s") as never;
    const empty = await fill("inputs", [session]);
    const input = newInput(session);
    expect((await refusal(one.inbox.accept(input))).code).toBe("store_write_failed");
    await empty();
    expect(await one.inbox.list(session)).toEqual([]);
    expect((await one.inbox.accept(input)).input.position).toBe(1);
  });
});

test("tables that are gone are named as such, and come back with `open`", async () => {
  const schema = fresh("gone");
  const one = await store({ schema });
  await admin.query(`drop schema ${schema} cascade`);
  for (const call of [
    () => one.sessions.load("s" as never),
    () => one.inbox.accept(newInput("s" as never)),
  ]) {
    const { code, message } = await refusal(call());
    expect([code, message]).toEqual([
      "store_not_found",
      expect.stringMatching(/missing: call `open\(\)` first/),
    ]);
  }
  const again = await store({ schema });
  expect((await again.inbox.accept(newInput("s" as never))).input.position).toBe(1);
});

test.each([
  ["XX001", "infrastructure", /damaged page: look into its log/],
  ["42703", "pawl", /column is missing/],
])(
  "what the database says of itself (%s) is internal, and no other session suffers",
  async (sqlState, blame, says) => {
    const one = await store();
    const [bad, fine] = [await openTurn(one), await openTurn(one)];
    const name = fresh("internal");
    await admin.query(`create function pawl.${name}() returns trigger language plpgsql as $$
    begin raise exception 'internal' using errcode = '${sqlState}'; end $$`);
    await admin.query(`create trigger ${name} before insert on pawl.log for each row
    when (new.session_id = '${bad.session}') execute function pawl.${name}()`);
    const [refused, written] = await Promise.allSettled(
      [bad, fine].map((turn) => one.log.append(turn.fence, [deltaRow(turn.turn, 2)])),
    );
    await admin.query(`drop function pawl.${name}() cascade`);
    expect(written?.status).toBe("fulfilled");
    expect((refused as PromiseRejectedResult).reason).toMatchObject({
      code: "store_internal",
      blame,
      message: expect.stringMatching(says),
    });
    await one.log.append(bad.fence, [deltaRow(bad.turn, 2)]);
    expect(await seqs(one, bad)).toEqual([1, 2]);
  },
);

test("a read-only database is read from, and says what it is when it is written to", async () => {
  const writer = await store();
  const turn = await openTurn(writer);
  const url = new URL(database.url);
  url.searchParams.set("options", "-c default_transaction_read_only=on");
  const reader = await store({ migrate: false }, url.href);
  expect(await reader.sessions.load(turn.session)).toMatchObject({ openTurn: turn.turn });
  expect(await seqs(reader, turn)).toEqual([1]);
  const writes = [
    () => reader.log.append(turn.fence, [deltaRow(turn.turn, 2)]),
    () => reader.sessions.commit(turn.fence, turnEnd(turn)),
    () => reader.inbox.accept(newInput(turn.session)),
    () => reader.sessions.persistRuntimeState(turn.session, "retired"),
  ];
  for (const write of writes) {
    const { code, message } = await refusal(write());
    expect(code).toBe("store_write_failed");
    expect(message).toMatch(/read-only, as a standby is: connect to the primary/);
  }
  // Nothing of it was written, and whoever may write goes on.
  await writer.log.append(turn.fence, [deltaRow(turn.turn, 2)]);
  expect(await seqs(writer, turn)).toEqual([1, 2]);
});

test("too many connections are waited for, then named; what was asked for works when there is one", async () => {
  await admin.query(`create role few login connection limit 1 password 'pw'`);
  await admin.query(`grant all on schema pawl to few`);
  await admin.query(`grant all on all tables in schema pawl to few`);
  const url = new URL(database.url);
  url.username = "few";
  url.password = "pw";
  const one = await store({ patienceMs: 200, migrate: false, poolSize: 2 }, url.href);
  const session = fresh("s") as never;
  // Two at once need two connections.
  const ends = await Promise.allSettled([
    one.inbox.accept(newInput(session)),
    one.inbox.accept(newInput(session)),
    one.inbox.accept(newInput(session)),
  ]);
  for (const end of ends) {
    if (end.status === "fulfilled") continue;
    expect(end.reason).toMatchObject({ code: "store_unreachable" });
    expect(end.reason.message).toMatch(/too many connections/);
  }
  const entered = ends.filter(({ status }) => status === "fulfilled").length;
  expect(entered).toBeGreaterThan(0);
  expect((await one.inbox.list(session)).length).toBe(entered);
});

test("a statement that runs into its time-out is rolled back and says so", async () => {
  const one = await store({ statementTimeoutMs: 300, poolSize: 2 } as never);
  const session = fresh("s") as never;
  const blocker = await admin.connect();
  await blocker.query("begin");
  await blocker.query("lock table pawl.inputs in access exclusive mode");
  const input = newInput(session);
  const { code, message, details } = await refusal(one.inbox.accept(input));
  await blocker.query("rollback");
  blocker.release();
  expect([code, details.sqlState]).toEqual(["store_write_failed", "57014"]);
  expect(message).toMatch(/time-out/);
  expect(await one.inbox.list(session)).toEqual([]);
  expect((await one.inbox.accept(input)).duplicate).toBe(false);
});

test.each([
  ["U+0000", "a\u0000b", /U\+0000/],
  ["a lone surrogate", "\ud800", /lone surrogate/],
  ["more than fits", "x".repeat(16 * 1024 * 1024 + 1), /more than 16777216 characters/],
])("%s in one session harms no other session of the batch", async (_, text, problem) => {
  const one = await store();
  const [bad, fine] = [await openTurn(one), await openTurn(one)];
  const [refused, written] = await Promise.allSettled([
    one.log.append(bad.fence, [deltaRow(bad.turn, 2), deltaRow(bad.turn, 3, text)]),
    one.log.append(fine.fence, [deltaRow(fine.turn, 2)]),
  ]);
  expect(written.status).toBe("fulfilled");
  expect((refused as PromiseRejectedResult).reason).toMatchObject({
    code: "not_storable",
    message: expect.stringMatching(problem),
  });
  expect(await seqs(one, bad)).toEqual([1]);
  expect(await seqs(one, fine)).toEqual([1, 2]);
  const message = { id: "m1", role: "user", parts: [{ type: "text", text }] } as const;
  const boundary = turnEnd(bad, { delta: { baseRevision: 0, messages: [message] } });
  expect((await refusal(one.sessions.commit(bad.fence, boundary))).code).toBe("not_storable");
  expect((await refusal(one.inbox.accept(newInput(bad.session, { idempotencyKey: text })))).code).toBe(
    "not_storable",
  );
  expect(await one.sessions.transcript(bad.session)).toEqual([]);
});
