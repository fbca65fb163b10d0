import type { Json } from "@pawl/core";
import type { TaskRecord, TaskReport, TaskResult } from "@pawl/host";
import { z } from "zod";
import { jsonValue } from "./outcome.ts";

const evidenceSchema = z.looseObject({ type: z.string() });

export const taskResultSchema = z.discriminatedUnion("status", [
  z.object({ status: z.literal("completed"), output: jsonValue }),
  z.object({ status: z.literal("failed"), code: z.string(), message: z.string() }),
  z.object({ status: z.literal("cancelled") }),
  /** Nobody can say how it ended; the evidence proves that it did. */
  z.object({ status: z.literal("abandoned"), evidence: evidenceSchema }),
]);

export const taskSchema = z.object({
  task_id: z.string(),
  name: z.string(),
  input: jsonValue,
  status: z.enum(["registered", "running", "completed", "failed", "cancelled", "abandoned"]),
  /** Sessions that see it. */
  sessions: z.array(z.string()),
  attempts: z.number(),
  progress: jsonValue,
  cancel: z.object({ origin: z.string(), reason: z.string().optional(), at: z.number() }).nullable(),
  /** Null until it has ended. */
  result: taskResultSchema.nullable(),
  created_at: z.number(),
  started_at: z.number().nullable(),
  ended_at: z.number().nullable(),
});

export const tasksSchema = z.object({ tasks: z.array(taskSchema) });

export type WireTask = z.infer<typeof taskSchema>;
export type WireTaskResult = z.infer<typeof taskResultSchema>;

export function wireTask(task: TaskRecord): WireTask {
  const { id, name, input, status, sessions, attempts, progress, cancel, result } = task;
  return {
    task_id: id,
    name,
    input,
    status,
    sessions: [...sessions],
    attempts,
    progress,
    cancel: cancel && { ...cancel },
    result: result && wireTaskResult(result),
    created_at: task.createdAt,
    started_at: task.startedAt,
    ended_at: task.endedAt,
  };
}

export function wireTaskResult(result: TaskResult): WireTaskResult {
  return result.status === "abandoned"
    ? { status: result.status, evidence: { ...result.evidence } }
    : { ...result };
}

const name = z.string().min(1).max(200);

export const startTaskSchema = z.strictObject({
  name,
  input: jsonValue,
  session: name.optional(),
  wake: name.optional(),
  idempotency_key: name.optional(),
});

export const signalTaskSchema = z.strictObject({
  name,
  payload: jsonValue.default(null),
  idempotency_key: name.optional(),
});

export const signalledSchema = z.object({ task_id: z.string(), name: z.string(), ordinal: z.number() });

export const transferTasksSchema = z.strictObject({
  from: name,
  to: name,
  task_ids: z.array(name).min(1).max(500),
});

export const movedSchema = z.object({ moved: z.array(z.string()) });

export const deleteTaskSessionSchema = z.strictObject({ session: name });

export const taskSessionReportSchema = z.object({
  /** Those that the session saw. */
  revoked: z.array(z.string()),
  /** Those of them that go on and that no session sees any more. */
  unseen: z.array(z.string()),
});

export type WireTaskSessionReport = z.infer<typeof taskSessionReportSchema>;

const text = z.string().max(2_000);

export const reportTaskSchema = z.union(
  [
    z.strictObject({ progress: jsonValue, wake: z.boolean().optional(), idempotency_key: name.optional() }),
    z.strictObject({ status: z.literal("completed"), output: jsonValue, idempotency_key: name.optional() }),
    z.strictObject({
      status: z.literal("failed"),
      code: name,
      message: text,
      idempotency_key: name.optional(),
    }),
    z.strictObject({ status: z.literal("cancelled"), idempotency_key: name.optional() }),
    z.strictObject({
      status: z.literal("abandoned"),
      note: text.optional(),
      idempotency_key: name.optional(),
    }),
  ],
  {
    error:
      "must be {progress, wake?}, or {status} of completed with output, failed with code and message, cancelled, or abandoned",
  },
);

export function reportOf(body: z.infer<typeof reportTaskSchema>, by: string): TaskReport {
  if ("progress" in body) {
    return { progress: body.progress as Json, ...(body.wake !== undefined && { wake: body.wake }) };
  }
  switch (body.status) {
    case "completed":
      return { status: body.status, output: body.output as Json };
    case "failed":
      return { status: body.status, code: body.code, message: body.message };
    case "cancelled":
      return { status: body.status };
    case "abandoned":
      return { status: body.status, by, ...(body.note !== undefined && { note: body.note }) };
  }
}
