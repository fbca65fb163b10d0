import { Option } from "commander";
import type { DeadLetterListOptions } from "../commands/dead-letters.ts";
import type { AdminOptions } from "../commands/with-admin-store.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { type SetExitCode, wholeNumber } from "./shared-options.ts";

/** What followed from commits and could not be delivered. */
export function addDeadLetters(program: PawlCommand, setExitCode: SetExitCode): void {
  const letters = program
    .command("dead-letters")
    .description("What followed from commits and could not be delivered: list it, try it again, discard it")
    .helpCommand(false)
    .addHelpText(
      "after",
      `
A commit may leave messages for the world outside and inputs for other sessions. What failed too often, or was
refused, is kept here until somebody acts. \`pawl doctor\` says when there is something.

Examples:
  pawl dead-letters list
  pawl dead-letters retry <id>
  pawl dead-letters discard <id>`,
    );

  letters
    .command("list")
    .description("List dead letters, the oldest first")
    .option("--session <session>", "of commits of this session only")
    .addOption(
      new Option("--limit <number>", "how many at most").argParser(wholeNumber(1, 10_000)).default(100),
    )
    .onDatabase()
    .addHelpText(
      "after",
      `
Examples:
  pawl dead-letters list
  pawl dead-letters list --session trip --json`,
    )
    .action(async (options: DeadLetterListOptions) => {
      const { deadLetterList } = await import("../commands/dead-letters.ts");
      setExitCode(await deadLetterList(options));
    });

  letters
    .command("retry")
    .description("Try a dead letter again, as if it were new")
    .argument("<id>", "its id, as `pawl dead-letters list` shows it")
    .onDatabase()
    .addHelpText(
      "after",
      `
Examples:
  pawl dead-letters retry 5f0c…/0

Exit codes:
  0    it is tried again
  1    there is no such dead letter`,
    )
    .action(async (id: string, options: AdminOptions) => {
      const { deadLetterRetry } = await import("../commands/dead-letters.ts");
      setExitCode(await deadLetterRetry(id, options));
    });

  letters
    .command("discard")
    .description("Forget a dead letter, for ever")
    .argument("<id>", "its id, as `pawl dead-letters list` shows it")
    .onDatabase()
    .addHelpText(
      "after",
      `
Examples:
  pawl dead-letters discard 5f0c…/0

Exit codes:
  0    it is forgotten
  1    there is no such dead letter`,
    )
    .action(async (id: string, options: AdminOptions) => {
      const { deadLetterDiscard } = await import("../commands/dead-letters.ts");
      setExitCode(await deadLetterDiscard(id, options));
    });
}
