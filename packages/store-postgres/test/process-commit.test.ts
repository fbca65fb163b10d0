// PC1: what shares statements proves who owns it as everything else does, and goes the general way when it is not as usual.
import { type NodeId, processId } from "@pawl/core";
import type { NodeLease } from "@pawl/core/ports";
import { beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { fresh, openStore, type PgStore } from "./harness.ts";
import { testDatabase } from "./test-database.ts";

const database = testDatabase();
let ours: PgStore;
let theirs: PgStore;
beforeAll(async () => {
  ours = await database.store();
  theirs = await database.store();
});

async function registered(name: string) {
  const id = processId(fresh("p"));
  const registration = {
    processId: id,
    name,
    input: null,
    disposition: "rerunnable",
    signals: [{ name: "go", schema: {} }],
    wake: null,
  } as const;
  const bodies = [{ type: "registered", registration }] as const;
  await ours.processes.append({ processId: id, key: "r", bodies });
  return id;
}

const started = ({ nodeId, generation }: NodeLease) =>
  ({ type: "started", attempt: 1, owner: { nodeId, generation } }) as const;

test("an owner whose lease ran out writes nothing, although its store has not heard of the next one (D1)", async () => {
  const name = fresh("task");
  const id = await registered(name);
  const late = await ours.leases.openNode(fresh("n") as NodeId, { ttlMs: 50 });
  const [claim] = await ours.processes.claim(late, { names: [name], limit: 1 });
  const next = await theirs.leases.openNode(fresh("n") as NodeId, { ttlMs: 60_000 });
  await vi.waitFor(
    async () => expect(await theirs.processes.claim(next, { names: [name], limit: 1 })).toHaveLength(1),
    10_000,
  );
  await expect(
    ours.processes.append({ processId: id, key: "s", bodies: [started(late)], fence: claim!.fence }),
  ).rejects.toMatchObject({ code: "store_fenced" });
  expect(await theirs.processes.events(id)).toHaveLength(1);
});

test("what another process said meanwhile stays, and the owner's word comes after it", async () => {
  const name = fresh("task");
  const id = await registered(name);
  const node = await ours.leases.openNode(fresh("n") as NodeId, { ttlMs: 60_000 });
  const [claim] = await ours.processes.claim(node, { names: [name], limit: 1 });
  const go = { type: "signal", name: "go", ordinal: 1, payload: 1 } as const;
  await theirs.processes.append({ processId: id, key: "go", bodies: [go] });
  const { record } = await ours.processes.append({
    processId: id,
    key: "s",
    bodies: [started(node)],
    fence: claim!.fence,
  });
  expect(record.signals).toEqual({ go: 1 });
  const events = await theirs.processes.events(id);
  expect(events.map(({ seq, body }) => [seq, body.type])).toEqual([
    [1, "registered"],
    [2, "signal"],
    [3, "started"],
  ]);
});

test("of many that are registered at once another process hears of each, however long their ids are (D10)", async () => {
  const ids = Array.from({ length: 60 }, (_, n) => processId(fresh(`${n} ${"🐢".repeat(80)}`)));
  const heard = new Set<string | undefined>();
  const listening = await openStore(database.url, { listenUrl: database.url });
  onTestFinished(() => listening.close());
  listening.processes.onChange((id) => void heard.add(id));
  await Promise.all(
    ids.map((id) => {
      const registration = {
        processId: id,
        name: "many",
        input: null,
        disposition: "external",
        signals: [],
        wake: null,
      } as const;
      return ours.processes.append({
        processId: id,
        key: "r",
        bodies: [{ type: "registered", registration }],
      });
    }),
  );
  await vi.waitFor(() => expect(ids.every((id) => heard.has(id))).toBe(true), 10_000);
});
