import type {
  CancelTaskOptions,
  ListTasksOptions,
  SignalTaskOptions,
  StartTaskOptions,
  TransferTasksOptions,
} from "../commands/tasks.ts";
import type { ClientOptions } from "../commands/with-client.ts";
import type { PawlCommand } from "./pawl-command.ts";
import type { SetExitCode } from "./shared-options.ts";

const ID = "task_0a37bbd7a23b472089f2f1e81873ddaf";

/** Work beside turns that lasts. */
export function addTasks(program: PawlCommand, setExitCode: SetExitCode): void {
  const tasks = program
    .command("tasks")
    .description("See background tasks, signal them, await them, ask for their end, and say who sees them")
    .helpCommand(false)
    .addHelpText("after", `\nExamples:\n  pawl tasks list\n  pawl tasks await ${ID}`);
  const command = (name: string, description: string, example: string) =>
    tasks
      .command(name)
      .description(description)
      .onServer()
      .addHelpText("after", `\nExamples:\n  pawl tasks ${example}`);

  command("list", "List background tasks that have not ended", "list --all --json")
    .option("--session <id>", "those that this session sees")
    .option("--all", "also those that have ended")
    .action(async (options: ListTasksOptions) => {
      const { listTasks } = await import("../commands/tasks.ts");
      setExitCode(await listTasks(options));
    });

  command("show", "Show one with its input, progress and result", `show ${ID}`)
    .argument("<task>", "the task's id")
    .action(async (id: string, options: ClientOptions) => {
      const { showTask } = await import("../commands/tasks.ts");
      setExitCode(await showTask(id, options));
    });

  command(
    "start",
    "Start one of those in pawl.config.ts",
    `start import-rows --input '{"file":"orders.csv"}'`,
  )
    .argument("<name>", "the name that it is defined under")
    .option("--input <json>", "its input, as JSON; default {}")
    .option("--session <id>", "this session sees it")
    .action(async (name: string, options: StartTaskOptions) => {
      const { startTask } = await import("../commands/tasks.ts");
      setExitCode(await startTask(name, options));
    });

  command("signal", "Send it a signal that it declares", `signal ${ID} approve --payload '{"by":"ana"}'`)
    .argument("<task>", "the task's id")
    .argument("<name>", "the signal's name")
    .option("--payload <json>", "what is said, as JSON; default null")
    .action(async (id: string, name: string, options: SignalTaskOptions) => {
      const { signalTask } = await import("../commands/tasks.ts");
      setExitCode(await signalTask(id, name, options));
    });

  command("cancel", "Ask for its end; its body may clean up", `cancel ${ID} --reason "not needed"`)
    .argument("<task>", "the task's id")
    .option("--reason <text>", "recorded with it")
    .action(async (id: string, options: CancelTaskOptions) => {
      const { cancelTask } = await import("../commands/tasks.ts");
      setExitCode(await cancelTask(id, options));
    });

  command(
    "transfer",
    "Let another session see them in place of the first",
    `transfer ${ID} --from trip --to office`,
  )
    .argument("<task...>", "ids of tasks")
    .requiredOption("--from <session>", "sees them now")
    .requiredOption("--to <session>", "sees them from now on")
    .addHelpText(
      "after",
      "\nExit codes:\n  0  all were moved\n  1  the first session does not see some of them",
    )
    .action(async (ids: readonly string[], options: TransferTasksOptions) => {
      const { transferTasks } = await import("../commands/tasks.ts");
      setExitCode(await transferTasks(ids, options));
    });

  command(
    "delete-session",
    "Take a session's sight of all of its background tasks; they go on",
    "delete-session trip --json",
  )
    .argument("<session>", "the session's id")
    .action(async (session: string, options: ClientOptions) => {
      const { deleteTaskSession } = await import("../commands/tasks.ts");
      setExitCode(await deleteTaskSession(session, options));
    });

  command("await", "Wait until it has ended, wherever it runs, and print its output", `await ${ID}`)
    .argument("<task>", "the task's id")
    .addHelpText(
      "after",
      "\nExit codes:\n  0    it completed\n  1    it failed, or nobody can say how it ended\n  130  it was cancelled",
    )
    .action(async (id: string, options: ClientOptions) => {
      const { awaitTask } = await import("../commands/tasks.ts");
      setExitCode(await awaitTask(id, options));
    });
}
