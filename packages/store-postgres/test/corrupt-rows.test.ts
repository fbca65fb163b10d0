// S20: a row that cannot be read is named, and nothing else suffers from it.
import { executionScope, nodeId } from "@pawl/core";
import type { NewAwaitEvent } from "@pawl/core/ports";
import { recordingLogger } from "@pawl/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { fresh, newInput, openTurn, type PgStore, turnEnd } from "./harness.ts";
import { refusal, testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;
let store: PgStore;
const logger = recordingLogger();
beforeAll(async () => {
  store = await database.store({ logger });
});

/** Two committed turns of two sessions. */
async function two() {
  const turns = [await openTurn(store), await openTurn(store)] as const;
  for (const turn of turns) await store.sessions.commit(turn.fence, turnEnd(turn));
  return turns;
}

type Turns = Awaited<ReturnType<typeof two>>;
type Turn = Turns[number];

const CASES: readonly {
  readonly what: string;
  readonly spoil: string;
  readonly read: (turn: Turn) => Promise<unknown>;
  readonly where: RegExp;
}[] = [
  {
    what: "a row of the log",
    spoil: `update pawl.log set body = '{"kind":"text_delta","text":7}' where session_id = $1 and seq = 1`,
    read: ({ session }) => store.log.read(session),
    where: /^Row 1 of the log of "s_/,
  },
  {
    what: "a row of the log of a version to come",
    spoil: "update pawl.log set version = 99 where session_id = $1 and seq = 1",
    read: ({ session }) => store.log.read(session),
    where: /version 99 and this node reads up to/,
  },
  {
    what: "a message",
    spoil: `update pawl.messages set body = '{"id":"m1","role":"assistant","parts":[{"type":"text"}]}' where session_id = $1`,
    read: ({ session }) => store.sessions.transcript(session),
    where: /^Message 0 of "s_.*parts/,
  },
  {
    what: "a message, in a snapshot",
    spoil: `update pawl.messages set body = '[]' where session_id = $1`,
    read: ({ session }) => store.sessions.loadSessionSnapshot(session),
    where: /^Message 0 of "s_/,
  },
  {
    what: "a receipt",
    spoil: `update pawl.receipts set receipt = (receipt::jsonb - 12)::json where session_id = $1`,
    read: ({ session, turn }) => store.sessions.loadBoundaryReceipt(session, turn, 0),
    where: /^Receipt 0 of run .*digest/,
  },
  {
    what: "the usage of a turn",
    spoil: `update pawl.receipts set usage = '{"modelCalls":"many"}' where session_id = $1`,
    read: ({ turn }) => store.sessions.loadCommitted(turn),
    where: /^The commit of turn/,
  },
  {
    what: "the content of an input",
    spoil: `update pawl.inputs set content = '{"parts":[{"type":"telepathy"}]}' where session_id = $1`,
    read: ({ input }) => store.inbox.load(input),
    where: /^Input "in_/,
  },
  {
    what: "the state of an input",
    spoil: `update pawl.inputs set history = '{}' where session_id = $1`,
    read: ({ input }) => store.inbox.loadInputState(input),
    where: /^Input "in_.*history is not a list/,
  },
];

describe.each(CASES)("$what that is spoilt", ({ spoil, read, where }) => {
  test("is named, and another session is read as before", async () => {
    const [spoilt, fine] = await two();
    const before = await read(fine);
    await admin.query(spoil, [spoilt.session]);
    const { code, message, details, blame } = await refusal(read(spoilt));
    expect([code, blame]).toEqual(["store_corrupt_row", "infrastructure"]);
    expect(message).toMatch(where);
    expect(details.row).toBeTypeOf("string");
    expect(await read(fine)).toEqual(before);
    expect(before).not.toBeNull();
  });
});

test("a configuration that is spoilt is named", async () => {
  const [turn] = await two();
  await admin.query(`insert into pawl.configs (hash, config) values ('spoilt', '{"version":1}')`);
  const { code, message } = await refusal(store.sessions.loadConfig("spoilt"));
  expect([code, message]).toEqual(["store_corrupt_row", expect.stringMatching(/^Configuration spoilt/)]);
  expect(await store.sessions.loadConfig("hash-1")).not.toBeNull();
  expect(turn.turn).toBeTypeOf("string");
});

describe("one spoilt row does not stop what goes over many sessions", () => {
  function event(keyId: string, dueAt: number | null): NewAwaitEvent {
    const scope = executionScope.runtimeOperation(keyId);
    const wait = { type: "tool_completion", callId: keyId } as const;
    return { keyId, scope, wait, sessionId: null, turnId: null, dueAt, info: null };
  }

  test("the list of waits, and deadlines", async () => {
    const keys = [fresh("k"), fresh("k"), fresh("k")] as const;
    for (const key of keys) await store.awaits.register(event(key, 1));
    await admin.query(`update pawl.await_events set wait = '[]' where key_id = $1`, [keys[1]]);
    const pending = await store.awaits.pending({ limit: 1000 });
    expect(pending.map(({ keyId }) => keyId)).toEqual([keys[0], keys[2]]);
    expect(logger.lines.some(({ facts }) => String(facts.message).includes(keys[1]))).toBe(true);
    // The spoilt one is overdue first of all and stands in nobody's way.
    expect((await store.awaits.settleDue(10)).nextDueAt).toBeNull();
    expect((await store.awaits.load(keys[2]))?.terminal).toEqual({ status: "timeout" });
  });

  test("the list and the claims of background tasks", async () => {
    const ids = [fresh("p"), fresh("p")] as const;
    for (const id of ids) {
      const registration = {
        processId: id as never,
        name: "import",
        input: null,
        disposition: "rerunnable",
        signals: [],
        wake: null,
      } as const;
      await store.processes.append({
        processId: id as never,
        key: "k",
        bodies: [{ type: "registered", registration }],
      });
    }
    await admin.query(`update pawl.processes set record = '{"status":"odd"}' where process_id = $1`, [
      ids[0],
    ]);
    const live = await store.processes.list({ live: true, limit: 100 });
    expect(live.map((record) => record.registration.processId)).toEqual([ids[1]]);
    const node = await store.leases.openNode(nodeId(fresh("n")), { ttlMs: 60_000 });
    const claims = await store.processes.claim(node, { names: ["import"], limit: 10 });
    expect(claims.map((claim) => claim.fence.processId)).toEqual([ids[1]]);
    expect((await refusal(store.processes.load(ids[0] as never))).code).toBe("store_corrupt_row");
  });

  test("the list of jobs, and what waits in the outbox", async () => {
    const held = await openTurn(store);
    const outbox = ["a", "b"].map((payload) => ({ type: "message", topic: payload, payload }) as const);
    await store.sessions.commit(held.fence, turnEnd(held, { outbox }));
    await admin.query(`update pawl.outbox set item = '7' where topic = 'a'`);
    const taken = await store.outbox.take({ topics: ["a", "b"], limit: 9, hideMs: 60_000 });
    expect(taken.map(({ item }) => item)).toEqual([outbox[1]]);
    const ids = [fresh("j"), fresh("j")] as const;
    for (const id of ids) {
      await admin.query(
        `insert into pawl.jobs (job_id, session_id, principal, agent, status, live, created_at_ms, document, created_digest)
         values ($1, 'js', 'ann', 'a', 'running', true, 1, '{}', 'd')`,
        [id],
      );
    }
    await admin.query(`update pawl.jobs set document = '[]' where job_id = $1`, [ids[0]]);
    expect((await store.jobs.list({ limit: 9 })).map(({ jobId }) => jobId)).toEqual([ids[1]]);
  });

  test("the list of sessions, and claims", async () => {
    const session = fresh("s") as never;
    await store.inbox.accept(newInput(session));
    const [spoilt] = await two();
    await admin.query("update pawl.sessions set message_count = 9007199254740993 where session_id = $1", [
      spoilt.session,
    ]);
    const listed = await store.sessions.list({ limit: 1000 });
    expect(listed.map(({ sessionId }) => sessionId)).toContain(session);
    expect(listed.map(({ sessionId }) => sessionId)).not.toContain(spoilt.session);
  });
});
