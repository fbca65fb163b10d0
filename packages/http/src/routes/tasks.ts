import type { Json } from "@pawl/core";
import type { TaskResult } from "@pawl/host";
import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { integerText, readQuery } from "../query.ts";
import { readJson } from "../read-json.ts";
import type { Call, Route } from "../route.ts";
import { endOf } from "../stream-options.ts";
import { cancelBodySchema } from "../wire/cancel.ts";
import {
  reportOf,
  reportTaskSchema,
  signalTaskSchema,
  startTaskSchema,
  transferTasksSchema,
  wireTask,
  wireTaskResult,
} from "../wire/task.ts";

export const taskRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/tasks", answer: listTasks },
  { method: "POST", path: "/v1/tasks", answer: startTask },
  { method: "POST", path: "/v1/tasks/transfer", answer: transferTasks },
  { method: "GET", path: "/v1/tasks/:task", answer: showTask },
  { method: "GET", path: "/v1/tasks/:task/result", answer: awaitTask },
  { method: "POST", path: "/v1/tasks/:task/signals", answer: signalTask },
  { method: "POST", path: "/v1/tasks/:task/cancel", answer: cancelTask },
  { method: "POST", path: "/v1/tasks/:task/report", answer: reportTask },
];

const listQuery = z.strictObject({
  session: z.string().min(1).max(200).optional(),
  all: z.enum(["0", "1"]).optional(),
});

async function listTasks({ url, host }: Call): Promise<Response> {
  const { session, all } = readQuery(url, listQuery);
  const tasks = await host.tasks.list(session, { all: all === "1" });
  return jsonAnswer(200, { tasks: tasks.map(wireTask) });
}

async function startTask(call: Call): Promise<Response> {
  const { name, input, session, wake, idempotency_key: idempotencyKey } = await body(call, startTaskSchema);
  const task = await call.host.tasks.startNamed(name, input as Json, {
    ...(session !== undefined && { session }),
    ...(wake !== undefined && { wake }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
  return jsonAnswer(202, wireTask(task));
}

async function transferTasks(call: Call): Promise<Response> {
  const { from, to, task_ids: ids } = await body(call, transferTasksSchema);
  return jsonAnswer(200, { moved: await call.host.tasks.transfer(ids, { from, to }) });
}

async function showTask({ params, host }: Call): Promise<Response> {
  return jsonAnswer(200, wireTask(await host.tasks.get(params.task as string)));
}

/** Longer than most proxies' patience is of no use: ask again. */
const resultQuery = z.strictObject({ wait_ms: integerText(0, 60_000).optional() });

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
  const gone = endOf(call);
  try {
    return await call.host.tasks.result(id, { signal: AbortSignal.any([over.signal, gone]) });
  } catch (thrown) {
    if (over.signal.aborted || gone.aborted) return undefined;
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

async function signalTask(call: Call): Promise<Response> {
  const { name, payload, idempotency_key: idempotencyKey } = await body(call, signalTaskSchema);
  const id = call.params.task as string;
  const options = idempotencyKey === undefined ? {} : { idempotencyKey };
  const { ordinal } = await call.host.tasks.signal(id, name, payload as Json, options);
  return jsonAnswer(200, { task_id: id, name, ordinal });
}

async function cancelTask(call: Call): Promise<Response> {
  const reason = (await body(call, cancelBodySchema))?.reason;
  const options = { origin: call.principal.name, ...(reason !== undefined && { reason }) };
  return jsonAnswer(202, wireTask(await call.host.tasks.cancel(call.params.task as string, options)));
}

async function reportTask(call: Call): Promise<Response> {
  const told = await body(call, reportTaskSchema);
  const options = told.idempotency_key === undefined ? {} : { idempotencyKey: told.idempotency_key };
  const report = reportOf(told, call.principal.name);
  return jsonAnswer(200, wireTask(await call.host.tasks.report(call.params.task as string, report, options)));
}

function body<Schema extends z.ZodType>(
  { request, options }: Call,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { maxBodyBytes: maxBytes, maxDepth } = options;
  return readJson(request, schema, { maxBytes, maxDepth });
}
