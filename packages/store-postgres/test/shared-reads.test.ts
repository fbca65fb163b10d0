import { beforeAll, expect, test } from "vitest";
import { fresh, heldSession, openTurn, type PgStore, turnEnd } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;
let store: PgStore;
beforeAll(async () => {
  store = await database.store();
});

const codeOf = (error: { readonly code: string }) => error.code;

test("each gets what it asked for, also twice the same and what is not there", async () => {
  const [a, b] = [await openTurn(store), await openTurn(store)];
  const { receipt } = (await store.sessions.commit(b.fence, turnEnd(b))) as { receipt: object };
  const found = await Promise.all([
    store.sessions.load(b.session),
    store.sessions.load(fresh("nobody") as never),
    store.sessions.load(a.session),
    store.sessions.load(b.session),
    store.sessions.loadCommitted(a.turn),
    store.sessions.loadCommitted(b.turn),
    store.inbox.load(a.input),
    store.inbox.load(b.input),
    store.sessions.pendingCancel(a.turn),
  ]);
  expect(found).toMatchObject([
    { sessionId: b.session, openTurn: null },
    null,
    { sessionId: a.session, openTurn: a.turn },
    { sessionId: b.session },
    null,
    { receipt },
    { inputId: a.input, state: "staged" },
    { inputId: b.input, state: "consumed" },
    null,
  ]);
  // Detached: what one caller does to its answer is nobody else's.
  expect(found[0]).not.toBe(found[3]);
});

test("more than fit into one statement are all answered", async () => {
  const { session } = await heldSession(store);
  const found = await Promise.all(Array.from({ length: 300 }, () => store.sessions.load(session)));
  expect(found.filter((record) => record?.sessionId === session)).toHaveLength(300);
});

test("next: holders and those that hold nothing are told apart", async () => {
  const [a, b] = [await heldSession(store), await heldSession(store)];
  const answers = await Promise.all([
    store.inbox.next(a.fence),
    store.inbox.next({ ...b.fence, epoch: b.fence.epoch + 1 }).catch(codeOf),
    store.inbox.next(b.fence),
  ]);
  expect(answers).toMatchObject([{ inputId: a.input }, "store_fenced", { inputId: b.input }]);
});

test("SR2: a key that PostgreSQL refuses, and a row that cannot be read, fail for nobody else", async () => {
  const [good, corrupt] = [await heldSession(store), await heldSession(store)];
  await admin.query(`update pawl.inputs set content = '{"parts":7}' where input_id = $1`, [corrupt.input]);
  const answers = await Promise.all([
    store.inbox.load(good.input),
    store.inbox.load("in_\u0000" as never).catch(codeOf),
    store.inbox.load(corrupt.input).catch(codeOf),
    store.inbox.load(good.input),
  ]);
  expect(answers).toMatchObject([
    { inputId: good.input },
    "store_read_failed",
    "store_corrupt_row",
    { inputId: good.input },
  ]);
});
