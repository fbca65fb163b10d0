import { z } from "zod";
import { budgetSchema, credentialSchema, leaseConstraintsSchema, leaseSchema } from "./lease.ts";

const text = z.string();

export const submitSchema = z.looseObject({
  agent: text.min(1).max(512),
  input: z.unknown().optional(),
  lease_request: leaseSchema.nullish(),
  lease_constraints: leaseConstraintsSchema.nullish(),
  idempotency_key: text.min(1).max(512).nullish(),
  max_runtime_sec: z.number().positive().max(10_000_000).nullish(),
});

export const acceptedSchema = z.looseObject({
  job_id: text.min(1),
  agent: text.optional(),
  lease: leaseSchema.optional(),
  lease_constraints: leaseConstraintsSchema.nullish(),
  budget: budgetSchema.nullish(),
  credentials: z.array(credentialSchema).nullish(),
  accepted_at: text.optional(),
  parent_job_id: text.nullish(),
  delegate_id: text.nullish(),
  trace_id: text.nullish(),
});

export const eventSchema = z.looseObject({
  kind: text.min(1).max(256),
  ts: text.optional(),
  body: z.record(text, z.unknown()),
});

export const resultSchema = z.looseObject({
  final_status: z.literal("success").optional(),
  result: z.unknown().optional(),
  output: z.unknown().optional(),
  result_id: text.min(1).nullish(),
  result_size: z.number().nonnegative().nullish(),
  summary: text.nullish(),
});

export const jobErrorSchema = z.looseObject({
  final_status: z.enum(["error", "cancelled", "timed_out"]).optional(),
  code: text.min(1),
  message: text.optional(),
  retryable: z.boolean().optional(),
  details: z.record(text, z.unknown()).optional(),
  request_id: text.optional(),
});

/** `job_id` belongs on the envelope; it is also read from the payload, where some peers put it. */
export const cancelSchema = z.looseObject({
  job_id: text.min(1).nullish(),
  reason: text.max(4096).nullish(),
});
export const cancelledSchema = z.looseObject({ job_id: text.nullish(), reason: text.nullish() });

export const subscribeSchema = z.looseObject({
  job_id: text.min(1),
  from_event_seq: z.int().nonnegative().nullish(),
  history: z.boolean().nullish(),
});

export const subscribedSchema = z.looseObject({
  job_id: text.min(1),
  current_status: text,
  agent: text.optional(),
  lease: leaseSchema.optional(),
  lease_constraints: leaseConstraintsSchema.nullish(),
  budget: budgetSchema.nullish(),
  credentials: z.array(credentialSchema).nullish(),
  parent_job_id: text.nullish(),
  trace_id: text.nullish(),
  subscribed_from: z.int().nonnegative().optional(),
  replayed: z.boolean().optional(),
});

export const unsubscribeSchema = z.looseObject({ job_id: text.min(1) });
