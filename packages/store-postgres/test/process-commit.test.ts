// PC1: what shares statements proves who owns it as everything else does, and goes the general way when it is not as usual.
import { type NodeId, type ProcessEventBody, type ProcessId, processId } from "@pawl/core";
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

test("another process is told of what owners write where it watches, and of nothing else (D10)", async () => {
  const name = fresh("task");
  const listening = await openStore(database.url, { listenUrl: database.url });
  onTestFinished(() => listening.close());
  const node = await ours.leases.openNode(fresh("n") as NodeId, { ttlMs: 60_000 });
  const ids = await Promise.all(Array.from({ length: 44 }, () => registered(name)));
  const watched = new Set(ids.filter((_, n) => n % 2 === 1));
  const claims = await ours.processes.claim(node, { names: [name], limit: ids.length });
  expect(claims).toHaveLength(ids.length);
  const append = (id: ProcessId, key: string, body: ProcessEventBody) => {
    const fence = claims.find((one) => one.fence.processId === id)!.fence;
    return ours.processes.append({ processId: id, key, bodies: [body], fence });
  };
  await Promise.all(ids.map((id) => append(id, "s", started(node))));
  const told = new Set<string | undefined>();
  listening.processes.onChange((id) => void told.add(id));
  // What was registered here before is heard of before anything that is written from now on.
  const last = await registered("unlike the others");
  await vi.waitFor(() => expect(told).toContain(last), { timeout: 10_000 });
  told.clear();
  for (const id of watched) await listening.processes.load(id, { watch: true });
  const end = (id: ProcessId) => append(id, "e", { type: "completed", output: 1 });
  // Two of them alone, and the others in statements that they share.
  const [quiet, loud, ...others] = ids;
  await end(quiet!);
  await end(loud!);
  await Promise.all(others.map(end));
  await vi.waitFor(() => expect([...watched].every((id) => told.has(id))).toBe(true), { timeout: 10_000 });
  expect([...told].filter((id) => !watched.has(id as ProcessId))).toEqual([]);
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
