import { jobCancelledSchema, jobDetailsSchema, jobsSchema } from "@pawl/http";
import { type HttpRequest, readAnswer } from "./http-call.ts";
import type { JobsClient } from "./jobs.ts";

export function httpJobs(call: (request: HttpRequest) => Promise<Response>): JobsClient {
  const pathOf = (id: string) => `v1/jobs/${encodeURIComponent(id)}`;
  return {
    async list({ live, limit }) {
      const path = `v1/jobs?limit=${limit}${live ? "&live=1" : ""}`;
      return (await readAnswer(await call({ method: "GET", path }), jobsSchema)).jobs;
    },
    show: async (id) => readAnswer(await call({ method: "GET", path: pathOf(id) }), jobDetailsSchema),
    async cancel(id, reason) {
      const body = reason === undefined ? {} : { reason };
      const path = `${pathOf(id)}/cancel`;
      return readAnswer(await call({ method: "POST", path, body }), jobCancelledSchema);
    },
  };
}
