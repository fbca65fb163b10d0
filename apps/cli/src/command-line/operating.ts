import { Argument } from "commander";
import { completionScript, SHELLS, type Shell } from "../commands/completion.ts";
import type { LifeVerb } from "../commands/session-life.ts";
import type { AdminOptions } from "../commands/with-admin-store.ts";
import type { PawlCommand } from "./pawl-command.ts";
import type { SetExitCode } from "./shared-options.ts";

const VERBS: readonly (readonly [verb: LifeVerb, description: string])[] = [
  ["retire", "Let a session finish what it has, and take nothing new"],
  ["stop", "Cut a session off at once: what has not ended is abandoned"],
  ["destroy", "As stop, and for good: its id is not used again; nothing is deleted"],
  ["pause", "Hold a session on all nodes until it is resumed"],
  ["resume", "Let a paused session go on"],
];

/** For whoever looks after it. */
export function addOperating(program: PawlCommand, setExitCode: SetExitCode): void {
  const session = program
    .command("session")
    .description("End a session, or hold it")
    .helpCommand(false)
    .addHelpText(
      "after",
      `
With --server they ask that server; else they run where the database can be reached, beside a server that may run on it.

Examples:
  pawl session retire trip
  pawl session destroy --data-dir /var/lib/my-agents trip`,
    );
  for (const [verb, description] of VERBS) {
    session
      .command(verb)
      .description(description)
      .argument("<session>", "the session's id, as `pawl sessions` shows it")
      .onServer()
      .addHelpText("after", `\nExamples:\n  pawl session ${verb} trip`)
      .action(async (id: string, options: AdminOptions) => {
        const { sessionLife } = await import("../commands/session-life.ts");
        setExitCode(await sessionLife(verb, id, options));
      });
  }

  program
    .command("doctor")
    .description("Look at database, clock, queue, turns and keys, and say what to do")
    .onServer()
    .addHelpText(
      "after",
      `
With --server it looks at what that server answers, and whether your token is accepted there. Without,
it changes nothing but what every start does: without DATABASE_URL it starts the data folder's PostgreSQL when none runs.

Examples:
  pawl doctor
  pawl doctor --json

Exit codes:
  0  everything works; there may be warnings
  1  something does not`,
    )
    .action(async (options: AdminOptions) => {
      const { doctor } = await import("../commands/doctor.ts");
      setExitCode(await doctor(options));
    });

  program
    .command("completion")
    .description("Print a script that completes commands and flags in a shell")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText(
      "after",
      `
Examples:
  source <(pawl completion bash)
  source <(pawl completion zsh)
  pawl completion fish > ~/.config/fish/completions/pawl.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(completionScript(program, shell));
      setExitCode(0);
    });
}
