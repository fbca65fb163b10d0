// D28: behind a pooler in transaction mode nothing may rest on a connection: no prepared statement, no session lock, no LISTEN.
import { createTestDatabase, type TestDatabase } from "@pawl/test-postgres";
import { recordingLogger } from "@pawl/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { postgresStore } from "../src/index.ts";
import { deltaRow, fresh, message, newInput, openTurn, turnEnd } from "./harness.ts";
import { transactionPooler } from "./transaction-pooler.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

test("D28 everything works through it, with hints over a direct connection", async () => {
  await using pooler = await transactionPooler(database.url);
  const logger = recordingLogger();
  const store = postgresStore({
    url: pooler.url,
    listenUrl: database.url,
    statementTimeoutMs: 0,
    poolSize: 4,
    logger,
  });
  await store.open();
  const heard = vi.fn();
  store.leases.onWork(heard);

  async function work(n: number): Promise<void> {
    const turn = await openTurn(store);
    for (let seq = 2; seq <= 6; seq++) await store.log.append(turn.fence, [deltaRow(turn.turn, seq)]);
    const to = fresh("s") as never;
    const next = newInput(to);
    const result = await store.sessions.commit(
      turn.fence,
      turnEnd(turn, {
        seq: 7,
        delta: { baseRevision: 0, messages: [message("m1", `turn ${n}`)] },
        // A transaction of several statements.
        outbox: [{ type: "input", input: next }],
      }),
    );
    expect(result.status).toBe("committed");
    expect((await store.log.read(turn.session)).map((row) => row.seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await store.sessions.transcript(turn.session)).toEqual([message("m1", `turn ${n}`)]);
    expect((await store.inbox.list(to)).map((input) => input.inputId)).toEqual([next.inputId]);
    await store.sessions.persistRuntimeState(turn.session, "retired");
    expect(await store.sessions.loadRuntimeState(turn.session)).toBe("retired");
    await store.leases.release(turn.fence, { type: "idle" });
    await store.leases.closeNode(turn.node);
  }

  await Promise.all(Array.from({ length: 8 }, (_, n) => work(n)));
  // The pooler did what it is here for.
  expect(pooler.moves).toBeGreaterThan(20);
  expect(
    logger.messages("warn").filter((text) => text.includes("Prepared statements")).length,
  ).toBeLessThanOrEqual(1);
  const { input } = await store.inbox.accept(newInput(fresh("s") as never));
  await vi.waitFor(() => expect(heard).toHaveBeenCalledWith(input.sessionId), { timeout: 10_000 });
  await store.close();
}, 60_000);

test("D28 without a direct connection nobody listens, and polling is enough", async () => {
  await using pooler = await transactionPooler(database.url);
  const store = postgresStore({
    url: pooler.url,
    listenUrl: false,
    statementTimeoutMs: 0,
    preparedStatements: false,
  });
  const turn = await openTurn(store);
  await store.sessions.commit(turn.fence, turnEnd(turn));
  expect(await store.sessions.load(turn.session)).toMatchObject({ revision: 1, openTurn: null });
  await store.close();
}, 60_000);
