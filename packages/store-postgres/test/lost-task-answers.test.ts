import { type ProcessEventBody, type ProcessId, type ProcessRegistration, processId } from "@pawl/core";
import { describe, expect, test } from "vitest";
import { fresh } from "./harness.ts";
import { lossyDatabase } from "./lossy-database.ts";

const at = lossyDatabase();

const registrationOf = (processId: ProcessId, name: string): ProcessRegistration => ({
  processId,
  name,
  input: null,
  disposition: "rerunnable",
  signals: [],
  wake: null,
});

describe("of a background task, the answer is lost to", () => {
  test("append of owners: each event once, alone and in a batch", async () => {
    const node = await at.store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const name = fresh("task");
    const ids = [fresh("p"), fresh("p")].map(processId);
    for (const id of ids) {
      const registration = registrationOf(id, name);
      await at.store.processes.append({
        processId: id,
        key: "r",
        bodies: [{ type: "registered", registration }],
      });
    }
    const claims = await at.store.processes.claim(node, { names: [name], limit: 2 });
    const owner = { nodeId: node.nodeId, generation: node.generation };
    const started = { type: "started", attempt: 1, owner } as const;
    const say = (key: string, body: ProcessEventBody, count: number) =>
      at.losing(count > 1 ? "pawl_append_owned_process_events" : "pawl_append_own_process_event", () =>
        Promise.all(
          claims
            .slice(0, count)
            .map(({ fence }) =>
              at.store.processes.append({ processId: fence.processId, key, bodies: [body], fence }),
            ),
        ),
      );
    await say("s", started, 2);
    const [first] = await say("p", { type: "progress", value: 1, wake: false }, 1);
    expect(first?.record.progress).toBe(1);
    const lengths = await Promise.all(ids.map(async (id) => (await at.store.processes.events(id)).length));
    expect(lengths.toSorted()).toEqual([2, 3]);
  });

  test("registration of a background task: it is there once", async () => {
    const id = processId(fresh("p"));
    const registration = registrationOf(id, fresh("task"));
    const bodies = [{ type: "registered", registration }] as const;
    const { record } = await at.losing("pawl_register_processes", () =>
      at.store.processes.append({ processId: id, key: "start", bodies }),
    );
    expect(record).toMatchObject({ status: "registered", head: 1 });
    expect(await at.store.processes.events(id)).toHaveLength(1);
  });

  test("registration that is claimed: nobody knows whose it is, the next claim takes it", async () => {
    const id = processId(fresh("p"));
    const name = fresh("task");
    const node = await at.store.leases.openNode(fresh("n") as never, { ttlMs: 60_000 });
    const bodies = [{ type: "registered", registration: registrationOf(id, name) }] as const;
    const claim = { lease: node, names: [name] };
    const appended = await at.losing("pawl_register_entered", () =>
      at.store.processes.append({ processId: id, key: "start", bodies, claim }),
    );
    expect(appended).toMatchObject({ duplicate: true, record: { status: "running", attempts: 1 } });
    expect(appended.claim).toBe(undefined);
    const [next] = await at.store.processes.claim(node, {
      names: [name],
      limit: 1,
      enter: { maxStartsInARow: 5 },
    });
    expect([next?.fence.epoch, next?.record.attempts]).toEqual([2, 2]);
  });
});
