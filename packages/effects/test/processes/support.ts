import { type Json, nodeId, type ProcessId, type ProcessRegistration, processId } from "@pawl/core";
import type { Processes, Store } from "@pawl/core/ports";
import { type AnyProcess, createProcessCommands, createProcessRunner } from "@pawl/effects/processes";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, recordingLogger } from "@pawl/testing";
import { onTestFinished } from "vitest";

export const TTL_MS = 10_000;

/** A store on a clock of its own, its commands, and nodes that run bodies. `change`: what comes between them and the store. */
export function createWorld(change: (processes: Processes) => Processes = (processes) => processes) {
  const clock = manualClock();
  const store: Store = memoryStore({ clock });
  const { leases } = store;
  const processes = change(store.processes);
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
        /** Of whoever asks in this process. */
        commands: createProcessCommands({ processes, clock, runner: () => runner }),
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
      asking = commands,
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
      await asking.run({ operation: "start", registration, grantTo: [] }, { key: `start ${keys}` });
      return registration.processId;
    },
    async end(id: ProcessId, asking = commands) {
      const result = await asking.run({ operation: "await", processId: id }, { key: "await" });
      if (result.operation !== "await") throw new Error("another operation answered");
      return result.end;
    },
    types: async (id: ProcessId) => (await processes.events(id)).map(({ body }) => body.type),
  };
}
