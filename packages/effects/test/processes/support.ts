import { type Json, nodeId, type ProcessId, type ProcessRegistration, processId } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { type AnyProcess, createProcessCommands, createProcessRunner } from "@pawl/effects/processes";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, recordingLogger } from "@pawl/testing";
import { onTestFinished } from "vitest";

export const TTL_MS = 10_000;

/** A store on a clock of its own, its commands, and nodes that run bodies. */
export function createWorld() {
  const clock = manualClock();
  const store: Store = memoryStore({ clock });
  const { processes, leases } = store;
  const commands = createProcessCommands({ processes, clock });
  let keys = 0;

  return {
    clock,
    store,
    processes,
    commands,

    /** A node with these bodies. `die` ends its lease as a crash does: it is told that its lease is lost. */
    async node(name: string, bodies: readonly AnyProcess[], options: { readonly maxAttempts?: number } = {}) {
      const lease = await leases.openNode(nodeId(name), { ttlMs: TTL_MS });
      const lost = new AbortController();
      const logger = recordingLogger();
      const runner = createProcessRunner({
        ...options,
        processes,
        bodies,
        clock,
        logger,
        lease: async () => ({ lease, lost: lost.signal }),
      });
      runner.start();
      onTestFinished(() => runner.stop());
      return {
        runner,
        lease,
        logger,
        async die() {
          lost.abort(new Error("crashed"));
          await leases.closeNode(lease);
        },
      };
    },
    async start(
      body: AnyProcess,
      input: Json = null,
      more: Partial<ProcessRegistration> = {},
    ): Promise<ProcessId> {
      keys += 1;
      const registration: ProcessRegistration = {
        processId: processId(`task_${keys}`),
        name: body.name,
        input,
        disposition: body.disposition,
        signals: body.declarations,
        wake: null,
        ...more,
      };
      await commands.run({ operation: "start", registration, grantTo: [] }, { key: `start ${keys}` });
      return registration.processId;
    },
    async end(id: ProcessId) {
      const result = await commands.run({ operation: "await", processId: id }, { key: "await" });
      if (result.operation !== "await") throw new Error("another operation answered");
      return result.end;
    },
    types: async (id: ProcessId) => (await processes.events(id)).map(({ body }) => body.type),
  };
}
