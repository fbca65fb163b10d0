import type { WireJob, WireJobDetails } from "@pawl/http";
import { commandName } from "../command-name.ts";
import { EXIT } from "../exit-codes.ts";
import { printable } from "../output/printable.ts";
import { createStyle, wantsColour } from "../output/style.ts";
import { showAge, table } from "../output/table.ts";
import type { ListOptions } from "./sessions.ts";
import { type ClientOptions, withClient } from "./with-client.ts";

export interface ListJobsOptions extends ListOptions {
  readonly live?: true;
}

export interface CancelJobOptions extends ClientOptions {
  readonly reason?: string;
}

export async function listJobs({ limit, live, ...options }: ListJobsOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const jobs = await client.jobs.list({ limit, live: live === true });
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ jobs })}\n`);
    else if (jobs.length === 0)
      process.stdout.write(live ? "No job runs.\n" : "There are no jobs. Clients submit them over ARCP.\n");
    else process.stdout.write(describe(jobs));
    return EXIT.completed;
  });
}

export async function showJob(id: string, options: ClientOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const job = await client.jobs.show(id);
    clear();
    process.stdout.write(options.json ? `${JSON.stringify(job)}\n` : describeOne(job));
    return EXIT.completed;
  });
}

/** Asks for the end of a job. What a tool has done is not undone. */
export async function cancelJob(id: string, { reason, ...options }: CancelJobOptions): Promise<number> {
  return withClient(options, async ({ client, clear }) => {
    const asked = await client.jobs.cancel(id, reason);
    clear();
    if (options.json) process.stdout.write(`${JSON.stringify({ type: "job.cancel", ...asked })}\n`);
    else if (asked.status === "ended")
      process.stdout.write(`The job had ended before: ${asked.job.status}.\n`);
    else process.stdout.write("The job will end as soon as what it does lets it.\n");
    return EXIT.completed;
  });
}

function describe(jobs: readonly WireJob[]): string {
  const now = Date.now();
  const rows = jobs.map((job) => [
    job.job_id,
    job.status,
    printable(job.agent),
    printable(job.principal),
    showAge(now - job.created_at),
  ]);
  const style = createStyle(wantsColour(process.stdout, process.env));
  return table(["JOB", "STATUS", "AGENT", "PRINCIPAL", "SUBMITTED"], rows, style);
}

function describeOne(job: WireJobDetails): string {
  const style = createStyle(wantsColour(process.stdout, process.env));
  const when = (ms: number) => new Date(ms).toISOString();
  const lines = [
    `${style.bold(job.status)}: ${printable(job.agent)}, submitted by ${printable(job.principal)} at ${when(job.created_at)}`,
  ];
  if (job.ended_at !== null) lines.push(`It ended at ${when(job.ended_at)}.`);
  if (job.budget !== undefined) lines.push(`Left of its budget: ${job.budget.join(", ")}`);
  lines.push(`Input: ${shortened(JSON.stringify(job.input))}`);
  if (job.outcome !== null) lines.push(`Outcome: ${shortened(JSON.stringify(job.outcome))}`);
  if (job.turn_id !== null) {
    const verb = job.live ? "watch" : "turn show";
    lines.push(`  ${style.accent(`${commandName(process.env)} ${verb} ${job.turn_id}`)}`);
  }
  return `${lines.join("\n")}\n`;
}

const MOST_SHOWN = 2_000;

function shortened(text: string): string {
  return printable(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}… (--json shows all)` : text);
}
