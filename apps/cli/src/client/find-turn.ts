import { commandName } from "../command-name.ts";
import { cliError } from "../errors.ts";
import type { PawlClient } from "./pawl-client.ts";

/** What a person may name: a turn, a job, or a session. Ids of turns and jobs say what they are. */
export type Named = "turn" | "job" | "session";

export function kindOf(id: string): Named {
  if (id.startsWith("turn_")) return "turn";
  return id.startsWith("job_") ? "job" : "session";
}

/** The turn that works for a job. @throws PawlError `job_unknown`, `job_without_turn` */
export async function turnOfJob(client: Pick<PawlClient, "jobs">, jobId: string): Promise<string> {
  const job = await client.jobs.show(jobId);
  if (job.turn_id !== null) return job.turn_id;
  throw cliError(
    "job_without_turn",
    `Job "${jobId}" is ${job.status} and has no turn to look at: its agent works without, or it has not begun. \`${commandName(process.env)} jobs show ${jobId}\` shows it.`,
  );
}
