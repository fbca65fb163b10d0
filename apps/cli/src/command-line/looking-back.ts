import { Option } from "commander";
import type { ExportOptions } from "../commands/export.ts";
import type { ForkOptions } from "../commands/fork.ts";
import type { ClientOptions } from "../commands/with-client.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { dataDir, type SetExitCode, server, wholeNumber } from "./shared-options.ts";

/** What a turn did, and what else it might have done. */
export function addLookingBack(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("replay")
    .description("Run a turn again from its record, perform nothing and compare")
    .argument("<turn|file>", "a turn's id, or a file that `pawl export` wrote; - reads one from stdin")
    .onServer()
    .addHelpText(
      "after",
      `
A file needs no server and no database. In a test without a model:
  replayTurn(JSON.parse(file), standard())    from @pawl/effects/turn-driver and @pawl/core

Examples:
  pawl replay turn_0a37bbd7a23b472089f2f1e81873ddaf
  pawl replay --json turn.json
  pawl export turn_0a37bbd7a23b472089f2f1e81873ddaf | pawl replay -

Exit codes:
  0  identical: the same effects in the same order, and the same end
  1  different, or there is no such turn
  2  the file is not the record of a turn`,
    )
    .action(async (target: string, options: ClientOptions) => {
      const { replay } = await import("../commands/replay.ts");
      setExitCode(await replay(target, options));
    });

  program
    .command("export")
    .description("Write a turn's record, without credentials, as one file that replays anywhere")
    .argument("<turn>", "the turn's id")
    .option("--out <file>", "where to; stdout when absent")
    .addOption(server())
    .addOption(dataDir())
    .addHelpText(
      "after",
      `
What is named like a credential or looks like one is replaced. Everything else that was said is in the file: look
at it before you hand it on.

Examples:
  pawl export turn_0a37bbd7a23b472089f2f1e81873ddaf > turn.json
  pawl export --out turn.json turn_0a37bbd7a23b472089f2f1e81873ddaf`,
    )
    .action(async (turn: string, options: ExportOptions) => {
      const { exportTurn } = await import("../commands/export.ts");
      setExitCode(await exportTurn(turn, options));
    });

  program
    .command("fork")
    .description("Begin a turn that shares another one's past and goes its own way from there")
    .argument("<turn>", "the id of the turn to share")
    .requiredOption(
      "--at <ordinal>",
      "the last input that is shared; 0 is what began the turn",
      wholeNumber(0, 1e15),
    )
    .option("--prompt <text>", "say this instead; only with --at 0")
    .option("--live", "also make calls that may change the world")
    .option("--session <id>", "name of the new session")
    .addOption(new Option("--json", "print one JSON object a line, the last one turn.finished"))
    .addOption(new Option("-q, --quiet", "print the answer only").conflicts("json"))
    .addOption(server())
    .addOption(dataDir())
    .addHelpText(
      "after",
      `
The source stays as it is. Without --live only tools that say that they only read are called; the model is told of
the other calls that they were not made, and so are you.

Examples:
  pawl fork turn_0a37bbd7a23b472089f2f1e81873ddaf --at 3
  pawl fork turn_0a37bbd7a23b472089f2f1e81873ddaf --at 0 --prompt "And without a refund?"
  pawl fork turn_0a37bbd7a23b472089f2f1e81873ddaf --at 5 --live --json`,
    )
    .action(async (turn: string, options: ForkOptions) => {
      const { fork } = await import("../commands/fork.ts");
      setExitCode(await fork(turn, options));
    });
}
