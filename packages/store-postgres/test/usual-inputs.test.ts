// The usual input is entered by a statement that answers with next to nothing: what is told of it is put together here.
import { nodeId, sessionId } from "@pawl/core";
import type { NewInput, SessionClaim } from "@pawl/core/ports";
import { beforeAll, expect, test } from "vitest";
import { claimOne, fresh, newInput, type PgStore } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
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
