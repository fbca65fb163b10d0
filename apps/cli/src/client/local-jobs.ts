import { wireJob, wireJobCancelled, wireJobDetails } from "@pawl/http";
import { type Runtime, visibleJobs } from "@pawl/server/runtime";
import { cliError } from "../errors.ts";
import type { JobsClient } from "./jobs.ts";

export function localJobs({ store, host }: Pick<Runtime, "store" | "host">): JobsClient {
  const jobs = visibleJobs({ store, host })({ name: "cli", operator: true });
  const unknown = (id: string) =>
    cliError("job_unknown", `There is no job "${id}". \`pawl jobs\` lists those that are.`);
  return {
    list: async ({ live, limit }) => (await jobs.list({ limit, ...(live && { live }) })).map(wireJob),
    async show(id) {
      const job = await jobs.find(id);
      if (job === null) throw unknown(id);
      return wireJobDetails(job);
    },
    async cancel(id, reason) {
      const asked = await jobs.cancel(id, { origin: "cli", ...(reason !== undefined && { reason }) });
      if (asked === null) throw unknown(id);
      return wireJobCancelled(asked);
    },
  };
}
