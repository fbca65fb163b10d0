import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { httpError } from "../errors.ts";
import { type Jobs, NO_JOBS } from "../jobs.ts";
import { integerText, readQuery } from "../query.ts";
import { readBody } from "../read-body.ts";
import type { Call, Route } from "../route.ts";
import {
  jobCancelBodySchema,
  jobCancelledSchema,
  jobDetailsSchema,
  jobsSchema,
  wireJob,
  wireJobCancelled,
  wireJobDetails,
} from "../wire/job.ts";

const listQuery = z.strictObject({
  live: z.enum(["0", "1"]).optional(),
  limit: integerText(1, 500).optional(),
});

export const jobRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/jobs",
    scope: "read",
    doc: {
      operation: "listJobs",
      summary: "Jobs that were submitted over ARCP, the newest first",
      query: listQuery,
      answers: { 200: { description: "The jobs", schema: jobsSchema } },
    },
    answer: listJobs,
  },
  {
    method: "GET",
    path: "/v1/jobs/:job",
    scope: "read",
    doc: {
      operation: "showJob",
      summary: "A job with its input, its lease, the turn that does its work, and how it ended",
      answers: { 200: { description: "The job", schema: jobDetailsSchema } },
    },
    answer: showJob,
  },
  {
    method: "POST",
    path: "/v1/jobs/:job/cancel",
    scope: "write",
    doc: {
      operation: "cancelJob",
      summary: "Asks for the end of a job, from outside of the ARCP session that submitted it",
      body: jobCancelBodySchema,
      answers: {
        200: { description: "It had ended before", schema: jobCancelledSchema },
        202: { description: "It was asked for", schema: jobCancelledSchema },
      },
    },
    answer: cancelJob,
  },
];

function jobsOf({ options, principal }: Call): Jobs {
  return options.jobs?.(principal) ?? NO_JOBS;
}

async function listJobs(call: Call): Promise<Response> {
  const { live, limit = 50 } = readQuery(call.url, listQuery);
  const jobs = await jobsOf(call).list({ limit, ...(live !== undefined && { live: live === "1" }) });
  return jsonAnswer(200, { jobs: jobs.map(wireJob) });
}

async function showJob(call: Call): Promise<Response> {
  readQuery(call.url, z.strictObject({}));
  const job = await jobsOf(call).find(call.params.job as string);
  if (job === null) throw jobUnknown();
  return jsonAnswer(200, wireJobDetails(job));
}

async function cancelJob(call: Call): Promise<Response> {
  const { params, principal } = call;
  const body = await readBody(call, jobCancelBodySchema);
  const reason = body?.reason;
  const asked = await jobsOf(call).cancel(params.job as string, {
    origin: principal.name,
    ...(reason !== undefined && { reason }),
  });
  if (asked === null) throw jobUnknown();
  return jsonAnswer(asked.status === "ended" ? 200 : 202, wireJobCancelled(asked));
}

function jobUnknown() {
  return httpError("job_unknown", "There is no such job. List the jobs to see those that are.");
}
