import { Option } from "commander";
import type { DeadLetterListOptions } from "../commands/dead-letters.ts";
import type { ClientOptions } from "../commands/with-client.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { type SetExitCode, wholeNumber } from "./shared-options.ts";

const VERBS = [
  ["retry", "Try a dead letter again, as if it were new", "it is tried again"],
  ["discard", "Forget a dead letter, for ever", "it is forgotten"],
] as const;

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
refused, is kept here until somebody acts: the operator, because it is of everybody's commits. \`pawl doctor\` says when
there is something, and \`pawl turn show\` what is left of that turn's commit.

Examples:
  pawl dead-letters list
  pawl dead-letters retry <id>
  pawl dead-letters discard <id>`,
    );

  letters
    .command("list")
    .description("List dead letters, the oldest first")
    .option("--session <session>", "of commits of this session only")
    .addOption(new Option("--limit <number>", "how many at most").argParser(wholeNumber(1, 500)).default(100))
    .onServer()
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

  for (const [verb, description, done] of VERBS) {
    letters
      .command(verb)
      .description(description)
      .argument("<id>", "its id, as `pawl dead-letters list` shows it")
      .onServer()
      .addHelpText(
        "after",
        `
Examples:
  pawl dead-letters ${verb} 5f0c…/0

Exit codes:
  0    ${done}
  1    there is no such dead letter`,
      )
      .action(async (id: string, options: ClientOptions) => {
        const { settleDeadLetter } = await import("../commands/dead-letters.ts");
        setExitCode(await settleDeadLetter(id, verb, options));
      });
  }
}
