// The usual input is entered by a statement that answers with next to nothing: what is told of it is put together here.
import { inputId, nodeId, sessionId } from "@pawl/core";
import type { NewInput, NodeLease, SessionClaim } from "@pawl/core/ports";
import { beforeAll, describe, expect, test } from "vitest";
import { claimOne, fresh, newInput, openTurn, type PgStore, turnEnd } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
const { admin } = database;
let store: PgStore;
let other: PgStore;
beforeAll(async () => {
  store = await database.store();
  other = await database.store();
});

test.each<[string, Partial<NewInput>]>([
  ["one for a turn of its own", {}],
  ["one with a key", { idempotencyKey: "k" }],
  ["one for later", { at: Date.now() + 3_600_000 }],
  ["a steer", { delivery: "steer" }],
  [
    "an interrupt with an environment",
    { delivery: "interrupt", content: { parts: [], environment: { a: [1] } } },
  ],
])("what is told of a new input is what is stored: %s", async (_, over) => {
  const given = newInput(sessionId(fresh("s")), over);
  const { input, duplicate } = await store.inbox.accept(given);
  expect(duplicate).toBe(false);
  expect(await other.inbox.load(given.inputId)).toEqual(input);
});

test("what is told of one that is claimed with it is what another claim finds", async () => {
  const session = sessionId(fresh("s"));
  const lease = await store.leases.openNode(nodeId(fresh("n")), { ttlMs: 60_000 });
  const taken: SessionClaim[] = [];
  const claim = { lease, taken: (one: SessionClaim) => void taken.push(one) };
  const { input } = await store.inbox.accept(newInput(session), { claim });
  expect(taken.map(({ next }) => next?.input)).toEqual([input]);
  await store.leases.release(taken[0]!.fence, { type: "retry", delayMs: 0 });
  const again = await claimOne(other, lease, session);
  expect(again.next).toEqual(taken[0]!.next);
  expect(again.fence.epoch).toBe(taken[0]!.fence.epoch + 1);
});

test("D1 a node whose lease is over claims nothing with an input, which is accepted all the same", async () => {
  const session = sessionId(fresh("s"));
  const lease = await store.leases.openNode(nodeId(fresh("n")), { ttlMs: 60_000 });
  await store.leases.closeNode(lease);
  const taken: SessionClaim[] = [];
  const claim = { lease, taken: (one: SessionClaim) => void taken.push(one) };
  expect(await store.inbox.accept(newInput(session), { claim })).toMatchObject({ duplicate: false });
  expect(taken).toEqual([]);
  const next = await other.leases.openNode(nodeId(fresh("n")), { ttlMs: 60_000 });
  expect((await claimOne(other, next, session)).next?.input.position).toBe(1);
});

describe("AC1 AC2 D9 inputs that are claimed as they come at once", () => {
  const openNode = () => store.leases.openNode(nodeId(fresh("n")), { ttlMs: 60_000 });

  /** The claim, none, or the code of the error. */
  async function enter(lease: NodeLease, given: NewInput): Promise<SessionClaim | "accepted" | string> {
    let claim: SessionClaim | undefined;
    const taken = (one: SessionClaim) => {
      claim = one;
    };
    return await store.inbox.accept(given, { claim: { lease, taken } }).then(
      ({ duplicate }) => (duplicate ? "duplicate" : (claim ?? "accepted")),
      ({ code }) => code,
    );
  }
  const isClaim = (answer: SessionClaim | string) => typeof answer === "object";
  const newOf = (session = fresh("s"), over: Partial<NewInput> = {}) => newInput(sessionId(session), over);

  async function transactions(given: readonly NewInput[]): Promise<number> {
    const ids = given.map(({ inputId: id }) => id);
    const { rows } = await admin.query(
      "select count(distinct xmin::text)::int as n, count(*)::int as rows from pawl.inputs where input_id = any($1)",
      [ids],
    );
    expect(rows[0].rows).toBe(ids.length);
    return rows[0].n;
  }

  test("share a transaction with those that come while the first one is on its way", async () => {
    const lease = await openNode();
    const given = Array.from({ length: 12 }, () => newOf());
    const claims = await Promise.all(given.map((one) => enter(lease, one)));
    expect(claims.map((claim) => isClaim(claim) && (claim as SessionClaim).sessionId)).toEqual(
      given.map(({ sessionId: session }) => session),
    );
    expect(await transactions(given)).toBe(2);
    for (const claim of claims as SessionClaim[]) {
      expect(await store.inbox.next(claim.fence)).toEqual(claim.next?.input);
      expect(await other.inbox.load(claim.next!.input.inputId)).toEqual(claim.next?.input);
    }
  });

  test("D1 D5 so are those of sessions that were driven before: their epochs rise and their logs go on", async () => {
    const open = await Promise.all([1, 2, 3].map(() => openTurn(store)));
    for (const one of open) {
      await store.sessions.commit(one.fence, turnEnd(one));
      await store.leases.release(one.fence, { type: "idle" });
    }
    const lease = await openNode();
    const first = enter(lease, newOf());
    const claims = await Promise.all(open.map(({ session }) => enter(lease, newOf(session))));
    expect(isClaim(await first)).toBe(true);
    expect(claims).toEqual(
      open.map(({ session, fence }) =>
        expect.objectContaining({
          fence: { node: lease, sessionId: session, epoch: fence.epoch + 1 },
          logHead: 2,
          attempts: 0,
          next: expect.objectContaining({ base: { revision: 1, messages: expect.any(Number) } }),
        }),
      ),
    );
    for (const { fence } of open)
      await expect(store.inbox.next(fence)).rejects.toMatchObject({ code: "store_fenced" });
  });

  test("of several with the same id one is entered, and the others are told", async () => {
    const lease = await openNode();
    const id = inputId(fresh("in"));
    const answers = await Promise.all(
      [newOf(), ...[1, 2, 3].map(() => newOf(fresh("s"), { inputId: id })), newOf()].map((one) =>
        enter(lease, one),
      ),
    );
    const told = answers.map((answer) => (isClaim(answer) ? "entered" : answer));
    expect(told.map((one) => (one === "accepted" ? "entered" : one)).sort()).toEqual([
      "entered",
      "entered",
      "entered",
      "store_conflict",
      "store_conflict",
    ]);
  });

  test.each(["is there", "is being made"])(
    "a session whose line %s and is locked is waited for by its own input only",
    async (how) => {
      const lease = await openNode();
      const session = sessionId(fresh("s"));
      if (how === "is there") {
        const claim = await enter(lease, newOf(session));
        await store.leases.release((claim as SessionClaim).fence, { type: "retry", delayMs: 0 });
      }
      const client = await admin.connect();
      await client.query("begin");
      await store.inbox.accept(newOf(session), { tx: client });
      try {
        let isOver = false;
        const first = enter(lease, newOf());
        const waiting = enter(lease, newOf(session)).finally(() => {
          isOver = true;
        });
        const others = await Promise.all([first, enter(lease, newOf()), enter(lease, newOf())]);
        // A line that is being made cannot be passed over: then they are accepted one by one, and claimed afterwards.
        if (how === "is there") expect(others.every(isClaim)).toBe(true);
        else
          expect(others.map((answer) => isClaim(answer) || answer)).toEqual([true, "accepted", "accepted"]);
        expect(isOver).toBe(false);
        await client.query("commit");
        expect(await waiting).toBe("accepted");
      } finally {
        await client.query("rollback");
        client.release();
      }
      expect((await store.inbox.list(session)).length).toBe(how === "is there" ? 3 : 2);
    },
  );
});
