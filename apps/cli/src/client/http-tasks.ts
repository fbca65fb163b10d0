import { randomUUID } from "node:crypto";
import {
  movedSchema,
  signalledSchema,
  taskResultSchema,
  taskSchema,
  taskSessionReportSchema,
  tasksSchema,
} from "@pawl/http";
import { type HttpRequest, readAnswer } from "./http-call.ts";
import type { TasksClient } from "./tasks.ts";

/** How long the server is asked to hold a question about a result. */
const HOLD_MS = 25_000;

export function httpTasks(call: (request: HttpRequest) => Promise<Response>): TasksClient {
  const pathOf = (id: string) => `v1/tasks/${encodeURIComponent(id)}`;
  return {
    async list({ session, all }) {
      const query = new URLSearchParams({
        ...(session !== undefined && { session }),
        ...(all && { all: "1" }),
      });
      const path = query.size === 0 ? "v1/tasks" : `v1/tasks?${query}`;
      return (await readAnswer(await call({ method: "GET", path }), tasksSchema)).tasks;
    },
    show: async (id) => readAnswer(await call({ method: "GET", path: pathOf(id) }), taskSchema),
    async start(task) {
      // The answer may be lost after the task was stored: with a key, asking again is the same task.
      const body = { ...task, idempotency_key: randomUUID() };
      return readAnswer(await call({ method: "POST", path: "v1/tasks", body }), taskSchema);
    },
    async signal(id, name, payload) {
      const body = { name, payload, idempotency_key: randomUUID() };
      return readAnswer(await call({ method: "POST", path: `${pathOf(id)}/signals`, body }), signalledSchema);
    },
    async cancel(id, reason) {
      const body = reason === undefined ? {} : { reason };
      return readAnswer(await call({ method: "POST", path: `${pathOf(id)}/cancel`, body }), taskSchema);
    },
    async transfer(ids, { from, to }) {
      const body = { from, to, task_ids: ids };
      return (await readAnswer(await call({ method: "POST", path: "v1/tasks/transfer", body }), movedSchema))
        .moved;
    },
    async deleteSession(session) {
      const path = "v1/tasks/delete-session";
      return readAnswer(await call({ method: "POST", path, body: { session } }), taskSessionReportSchema);
    },
    async result(id) {
      for (;;) {
        const response = await call({ method: "GET", path: `${pathOf(id)}/result?wait_ms=${HOLD_MS}` });
        if (response.status === 200) return readAnswer(response, taskResultSchema);
        await response.body?.cancel();
      }
    },
  };
}
