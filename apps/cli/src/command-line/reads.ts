import { Option } from "commander";
import type { ListOptions } from "../commands/sessions.ts";
import type { TurnShowOptions } from "../commands/turn-show.ts";
import type { VerifyOptions } from "../commands/verify.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { type SetExitCode, wholeNumber } from "./shared-options.ts";

const limit = () =>
  new Option("--limit <number>", "how many at most").argParser(wholeNumber(1, 500)).default(50);

/** What there is and how it stands. */
export function addReads(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("sessions")
    .description("List sessions, the most recently used first")
    .addOption(limit())
    .onServer()
    .addHelpText(
      "after",
      `
Examples:
  pawl sessions
  pawl sessions --limit 5 --json`,
    )
    .action(async (options: ListOptions) => {
      const { sessions } = await import("../commands/sessions.ts");
      setExitCode(await sessions(options));
    });

  program
    .command("turns")
    .description("List the newest turns of a session, oldest first")
    .argument("<session>", "the session's id")
    .addOption(limit())
    .onServer()
    .addHelpText(
      "after",
      `
Examples:
  pawl turns trip
  pawl turns trip --json`,
    )
    .action(async (session: string, options: ListOptions) => {
      const { turns } = await import("../commands/turns.ts");
      setExitCode(await turns(session, options));
    });

  program
    .command("turn")
    .description("Look at one turn")
    .helpCommand(false)
    .addHelpText(
      "after",
      `
Examples:
  pawl turn show turn_0a37bbd7a23b472089f2f1e81873ddaf`,
    )
    .command("show")
    .description("Show how a turn stands, and every effect with its attempts, outcome and cost")
    .argument("<turn>", "the turn's id")
    .option("--why", "only why it is not moving, and the command that helps")
    .onServer()
    .addHelpText(
      "after",
      `
Examples:
  pawl turn show turn_0a37bbd7a23b472089f2f1e81873ddaf
  pawl turn show --why turn_0a37bbd7a23b472089f2f1e81873ddaf`,
    )
    .action(async (turn: string, options: TurnShowOptions) => {
      const { turnShow } = await import("../commands/turn-show.ts");
      setExitCode(await turnShow(turn, options));
    });

  program
    .command("verify")
    .description("Walk a session's chain of receipts and name the first link that does not hold")
    .argument("<session>", "the session's id")
    .option("--anchor <digest>", "a digest that was kept elsewhere: it must be in the chain")
    .onServer()
    .addHelpText(
      "after",
      `
Every receipt must follow the one before it, say what its digest says of the stored inputs, and fit the transcript.
Whoever can write the database can write a whole new chain: only a digest that was kept elsewhere tells that.

Examples:
  pawl verify trip
  pawl verify trip --anchor 76bdb1eb74b1a0f3271a2958955763bf34d84a76d2f8d2c3e00acb830abfb0d8

Exit codes:
  0  intact
  1  a link is broken, or there is no such session`,
    )
    .action(async (session: string, options: VerifyOptions) => {
      const { verify } = await import("../commands/verify.ts");
      setExitCode(await verify(session, options));
    });
}
