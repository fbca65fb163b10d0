import type { JobEvent, JobHandle } from "../../src/client/index.ts";

/** All events of a job, when it is over. */
export async function eventsOf(job: JobHandle): Promise<JobEvent[]> {
  const seen: JobEvent[] = [];
  for await (const event of job.events) seen.push(event);
  return seen;
}
