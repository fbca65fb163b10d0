import type { Json } from "@pawl/core";
import type { TaskResult } from "@pawl/host";
import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { integerText, readQuery } from "../query.ts";
import { readBody } from "../read-body.ts";
import type { Call, Route } from "../route.ts";
import { permitOf } from "../stream-options.ts";
import { cancelBodySchema } from "../wire/cancel.ts";
import {
  deleteTaskSessionSchema,
  movedSchema,
  reportOf,
  reportTaskSchema,
  signalledSchema,
  signalTaskSchema,
  startTaskSchema,
  taskResultSchema,
  taskSchema,
  taskSessionReportSchema,
  tasksSchema,
  transferTasksSchema,
  wireTask,
  wireTaskResult,
} from "../wire/task.ts";

const listQuery = z.strictObject({
  session: z.string().min(1).max(200).optional(),
  all: z.enum(["0", "1"]).optional(),
});

/** Longer than most proxies' patience is of no use: ask again. */
const resultQuery = z.strictObject({ wait_ms: integerText(0, 60_000).optional() });

export const taskRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/tasks",
    scope: "read",
    doc: {
      operation: "listTasks",
      summary: "Background tasks, those that have ended too with `all`",
      query: listQuery,
      answers: { 200: { description: "The tasks", schema: tasksSchema } },
    },
    answer: listTasks,
  },
  {
    method: "POST",
    path: "/v1/tasks",
    scope: "write",
    doc: {
      operation: "startTask",
      summary: "Starts one of the host's background tasks by name",
      body: startTaskSchema,
      answers: { 202: { description: "It is durable, and runs where its body is", schema: taskSchema } },
    },
    answer: startTask,
  },
  {
    method: "POST",
    path: "/v1/tasks/transfer",
    scope: "write",
    doc: {
      operation: "transferTasks",
      summary: "Lets another session see background tasks",
      body: transferTasksSchema,
      answers: { 200: { description: "Those that were moved", schema: movedSchema } },
    },
    answer: transferTasks,
  },
  {
    method: "POST",
    path: "/v1/tasks/delete-session",
    scope: "write",
    doc: {
      operation: "deleteTaskSession",
      summary: "Takes a session's sight of all of its background tasks; they go on",
      body: deleteTaskSessionSchema,
      answers: {
        200: { description: "What it saw, and what no session sees now", schema: taskSessionReportSchema },
      },
    },
    answer: deleteTaskSession,
  },
  {
    method: "GET",
    path: "/v1/tasks/:task",
    scope: "read",
    doc: {
      operation: "showTask",
      summary: "A background task",
      answers: { 200: { description: "The task", schema: taskSchema } },
    },
    answer: showTask,
  },
  {
    method: "GET",
    path: "/v1/tasks/:task/result",
    scope: "read",
    doc: {
      operation: "awaitTask",
      summary: "How a background task ended, waited for as long as asked",
      query: resultQuery,
      answers: {
        200: { description: "How it ended", schema: taskResultSchema },
        202: { description: "It has not ended; the task as it is", schema: taskSchema },
      },
    },
    answer: awaitTask,
  },
  {
    method: "POST",
    path: "/v1/tasks/:task/signals",
    scope: "write",
    doc: {
      operation: "signalTask",
      summary: "Sends a background task a signal",
      body: signalTaskSchema,
      answers: { 200: { description: "How many signals of this name it has now", schema: signalledSchema } },
    },
    answer: signalTask,
  },
  {
    method: "POST",
    path: "/v1/tasks/:task/cancel",
    scope: "write",
    doc: {
      operation: "cancelTask",
      summary: "Asks for the end of a background task",
      body: cancelBodySchema,
      answers: { 202: { description: "It was asked for", schema: taskSchema } },
    },
    answer: cancelTask,
  },
  {
    method: "POST",
    path: "/v1/tasks/:task/report",
    scope: "write",
    doc: {
      operation: "reportTask",
      summary: "Tells how far an external task is, or how it ended",
      body: reportTaskSchema,
      answers: { 200: { description: "The task as it is now", schema: taskSchema } },
    },
    answer: reportTask,
  },
];

async function listTasks({ url, host }: Call): Promise<Response> {
  const { session, all } = readQuery(url, listQuery);
  const tasks = await host.tasks.list(session, { all: all === "1" });
  return jsonAnswer(200, { tasks: tasks.map(wireTask) });
}

async function startTask(call: Call): Promise<Response> {
  const {
    name,
    input,
    session,
    wake,
    idempotency_key: idempotencyKey,
  } = await readBody(call, startTaskSchema);
  const task = await call.host.tasks.startNamed(name, input as Json, {
    ...(session !== undefined && { session }),
    ...(wake !== undefined && { wake }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
  return jsonAnswer(202, wireTask(task));
}

async function transferTasks(call: Call): Promise<Response> {
  const { from, to, task_ids: ids } = await readBody(call, transferTasksSchema);
  return jsonAnswer(200, { moved: await call.host.tasks.transfer(ids, { from, to }) });
}

async function deleteTaskSession(call: Call): Promise<Response> {
  const { session } = await readBody(call, deleteTaskSessionSchema);
  const { revoked, unseen } = await call.host.tasks.deleteSession(session);
  return jsonAnswer(200, { revoked, unseen });
}

async function showTask({ params, host }: Call): Promise<Response> {
  return jsonAnswer(200, wireTask(await host.tasks.get(params.task as string)));
}

/** 200 with the result, or 202 with the task as it is meanwhile. */
async function awaitTask(call: Call): Promise<Response> {
  const { url, params, host } = call;
  const { wait_ms: waitMs = 0 } = readQuery(url, resultQuery);
  const id = params.task as string;
  const task = await host.tasks.get(id);
  const result = task.result ?? (waitMs > 0 ? await resultWithin(call, id, waitMs) : undefined);
  if (result !== undefined) return jsonAnswer(200, wireTaskResult(result));
  return jsonAnswer(202, wireTask(await host.tasks.get(id)));
}

async function resultWithin(call: Call, id: string, ms: number): Promise<TaskResult | undefined> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), ms);
  const { signal: gone, release } = permitOf(call);
  try {
    return await call.host.tasks.result(id, { signal: AbortSignal.any([over.signal, gone]) });
  } catch (thrown) {
    if (over.signal.aborted || gone.aborted) return undefined;
    throw thrown;
  } finally {
    clearTimeout(timer);
    release();
  }
}

async function signalTask(call: Call): Promise<Response> {
  const { name, payload, idempotency_key: idempotencyKey } = await readBody(call, signalTaskSchema);
  const id = call.params.task as string;
  const options = idempotencyKey === undefined ? {} : { idempotencyKey };
  const { ordinal } = await call.host.tasks.signal(id, name, payload as Json, options);
  return jsonAnswer(200, { task_id: id, name, ordinal });
}

async function cancelTask(call: Call): Promise<Response> {
  const reason = (await readBody(call, cancelBodySchema))?.reason;
  const options = { origin: call.principal.name, ...(reason !== undefined && { reason }) };
  return jsonAnswer(202, wireTask(await call.host.tasks.cancel(call.params.task as string, options)));
}

async function reportTask(call: Call): Promise<Response> {
  const told = await readBody(call, reportTaskSchema);
  const options = told.idempotency_key === undefined ? {} : { idempotencyKey: told.idempotency_key };
  const report = reportOf(told, call.principal.name);
  return jsonAnswer(200, wireTask(await call.host.tasks.report(call.params.task as string, report, options)));
}
