import { z } from "zod";

const text = z.string();

export const capabilitiesSchema = z.looseObject({
  encodings: z.array(text).optional(),
  features: z.array(text).optional(),
});

/** An agent of the inventory. Some runtimes send bare names; they mean "no versions advertised". */
export const agentInfoSchema = z.union([
  text.min(1).transform((name) => ({ name, versions: [] as string[] })),
  z.looseObject({ name: text.min(1), versions: z.array(text).default([]), default: text.optional() }),
]);

export const resumeSchema = z.looseObject({
  session_id: text.min(1),
  resume_token: text.min(1),
  last_event_seq: z.int().nonnegative(),
});

export const authSchema = z.looseObject({ scheme: text.optional(), token: text.optional() });

export const helloSchema = z.looseObject({
  client: z.looseObject({ name: text, version: text }),
  /** Its absence is an authentication error, not a malformed message. */
  auth: authSchema.optional(),
  capabilities: capabilitiesSchema.default({}),
  resume: resumeSchema.nullish(),
});

/** The draft's own name for a resume; the same fields as in hello, flat. `session_id` may be on the envelope. */
export const resumeMessageSchema = z.looseObject({
  client: z.looseObject({ name: text, version: text }).optional(),
  auth: authSchema.optional(),
  capabilities: capabilitiesSchema.default({}),
  session_id: text.min(1).optional(),
  resume_token: text.min(1),
  last_event_seq: z.int().nonnegative(),
});

export const welcomeSchema = z.looseObject({
  runtime: z.looseObject({ name: text, version: text }),
  resume_token: text.min(1),
  resume_window_sec: z.number().nonnegative().optional(),
  heartbeat_interval_sec: z.number().positive().optional(),
  capabilities: z.looseObject({
    encodings: z.array(text).optional(),
    features: z.array(text).optional(),
    agents: z.array(agentInfoSchema).optional(),
  }),
});

export const sessionErrorSchema = z.looseObject({
  code: text.min(1),
  message: text.optional(),
  retryable: z.boolean().optional(),
  details: z.record(text, z.unknown()).optional(),
  request_id: text.optional(),
  job_id: text.optional(),
});

export const pingSchema = z.looseObject({ nonce: text.min(1).max(1024), sent_at: text.optional() });
export const pongSchema = z.looseObject({ ping_nonce: text, received_at: text.optional() });
export const ackSchema = z.looseObject({ last_processed_seq: z.int().nonnegative() });
export const emptySchema = z.looseObject({});
export const closeSchema = z.looseObject({ reason: text.optional() });

export const JOB_STATUSES = ["pending", "running", "success", "error", "cancelled", "timed_out"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const listJobsSchema = z.looseObject({
  filter: z
    .looseObject({
      status: z.array(z.enum(JOB_STATUSES)).nullish(),
      agent: text.min(1).nullish(),
      created_after: text.nullish(),
      created_before: text.nullish(),
    })
    .nullish(),
  limit: z.int().positive().nullish(),
  cursor: text.nullish(),
});

export const jobListEntrySchema = z.looseObject({
  job_id: text.min(1),
  agent: text,
  status: text,
  lease: z.record(text, z.array(text)).optional(),
  parent_job_id: text.nullish(),
  created_at: text,
  trace_id: text.nullish(),
  last_event_seq: z.int().nonnegative().optional(),
});

export const jobsSchema = z.looseObject({
  request_id: text,
  jobs: z.array(jobListEntrySchema),
  next_cursor: text.nullish(),
});
