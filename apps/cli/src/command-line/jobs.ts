import type { CancelJobOptions, ListJobsOptions } from "../commands/jobs.ts";
import type { ClientOptions } from "../commands/with-client.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { listLimit, type SetExitCode } from "./shared-options.ts";

const ID = "job_01JZ8K3N5Q7R9T1V3X5Z7B9D1F";

/** What clients submitted over ARCP. */
export function addJobs(program: PawlCommand, setExitCode: SetExitCode): void {
  const jobs = program
    .command("jobs")
    .description("See jobs that clients submitted over ARCP, and ask for their end")
    .helpCommand(false)
    .addHelpText(
      "after",
      `\nWithout a command it lists them.\n\nExamples:\n  pawl jobs\n  pawl jobs show ${ID}`,
    );
  const command = (name: string, description: string, example: string, isDefault = false) =>
    jobs
      .command(name, { isDefault })
      .description(description)
      .onServer()
      .addHelpText("after", `\nExamples:\n  pawl jobs ${example}`);

  command("list", "List jobs, the newest first", "list --live --json", true)
    .option("--live", "only those that have not ended")
    .addOption(listLimit())
    .action(async (options: ListJobsOptions) => {
      const { listJobs } = await import("../commands/jobs.ts");
      setExitCode(await listJobs(options));
    });

  command("show", "Show a job with its input, its turn and how it ended", `show ${ID}`)
    .argument("<job>", "the job's id")
    .action(async (id: string, options: ClientOptions) => {
      const { showJob } = await import("../commands/jobs.ts");
      setExitCode(await showJob(id, options));
    });

  command("cancel", "Ask for the end of a job, as `pawl cancel <job>` does", `cancel ${ID}`)
    .argument("<job>", "the job's id")
    .option("--reason <text>", "told to whoever submitted it")
    .action(async (id: string, options: CancelJobOptions) => {
      const { cancelJob } = await import("../commands/jobs.ts");
      setExitCode(await cancelJob(id, options));
    });
}
