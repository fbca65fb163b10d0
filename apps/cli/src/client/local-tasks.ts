import type { Host } from "@pawl/host";
import { wireTask, wireTaskResult } from "@pawl/http";
import type { TasksClient } from "./tasks.ts";

export function localTasks({ tasks }: Host): TasksClient {
  return {
    list: async ({ session, all }) => (await tasks.list(session, { all })).map(wireTask),
    show: async (id) => wireTask(await tasks.get(id)),
    start: async ({ name, input, session }) =>
      wireTask(await tasks.startNamed(name, input, session === undefined ? {} : { session })),
    signal: (id, name, payload) => tasks.signal(id, name, payload),
    cancel: async (id, reason) =>
      wireTask(await tasks.cancel(id, { origin: "cli", ...(reason !== undefined && { reason }) })),
    transfer: (ids, between) => tasks.transfer(ids, between),
    async deleteSession(session) {
      const { revoked, unseen } = await tasks.deleteSession(session);
      return { revoked: [...revoked], unseen: [...unseen] };
    },
    result: async (id) => wireTaskResult(await tasks.result(id)),
  };
}
