import type { AnswerOptions } from "../commands/answer.ts";
import type { LinkOptions } from "../commands/approvals.ts";
import type { GrantOptions } from "../commands/grant.ts";
import type { WaitsOptions } from "../commands/waits.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { dollars, listLimit, type SetExitCode, seconds, wholeNumber } from "./shared-options.ts";

const ID = "9c1185a5c5e9fc54612808977ee8f548b2258d31";

/** What people are asked for, and how they answer. */
export function addWaits(program: PawlCommand, setExitCode: SetExitCode): void {
  const waits = program
    .command("waits")
    .description("See what turns wait for")
    .helpCommand(false)
    .addHelpText("after", "\nExamples:\n  pawl waits list");
  waits
    .command("list")
    .description("List what is waited for and not answered, oldest first")
    .option("--session <id>", "of this session only")
    .addOption(listLimit())
    .onServer()
    .addHelpText("after", "\nExamples:\n  pawl waits list\n  pawl waits list --session trip --json")
    .action(async (options: WaitsOptions) => {
      const { listWaits } = await import("../commands/waits.ts");
      setExitCode(await listWaits(options));
    });

  waits
    .command("link")
    .description("Print a link with which somebody can answer, on a phone too and without a token")
    .argument("<wait>", "the wait's id")
    .option("--for <name>", "whose link it is: what they answer is recorded under this name")
    .option("--expires <seconds>", "how long it works; as long as it is waited for when absent", seconds)
    .onServer()
    .addHelpText("after", `\nExamples:\n  pawl waits link ${ID} --for ops@x.io`)
    .action(async (id: string, options: LinkOptions) => {
      const { printLink } = await import("../commands/approvals.ts");
      setExitCode(await printLink(id, "waits", options));
    });

  program
    .command("answer")
    .description("Answer what a turn waits for")
    .argument("<wait>", "the wait's id, as `pawl waits list` shows it")
    .option("--happened", "the call was made; --result is what it came to")
    .option("--not-happened", "the call was not made: it is made again")
    .option("--abandon", "nobody can say, or nobody will: the turn goes on without")
    .option("--result <json>", "what it came to, as JSON")
    .option("--error <text>", "it failed, and this is why")
    .option("--grant-tokens <number>", "so many tokens more", wholeNumber(1, 1e12))
    .option("--grant-usd <amount>", "so many US dollars more", dollars)
    .onServer()
    .addHelpText(
      "after",
      `
The first answer stands.

Examples:
  pawl answer ${ID} --happened --result '{"refund":"re_1"}'
  pawl answer ${ID} --not-happened
  pawl answer ${ID} --grant-tokens 50000 --grant-usd 0.5

Exit codes:
  0  answered
  1  somebody was faster, or it could not be answered`,
    )
    .action(async (id: string, options: AnswerOptions) => {
      const { answer } = await import("../commands/answer.ts");
      setExitCode(await answer(id, options));
    });
  addGrant(program, setExitCode);
}

function addGrant(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("grant")
    .description("Top up the budget that a turn has used up and waits for")
    .argument("<turn|job|session>", "the id of the turn, of its job, or of its session")
    .option("--tokens <number>", "so many tokens more", wholeNumber(1, 1e12))
    .option("--usd <amount>", "so many US dollars more", dollars)
    .onServer()
    .addHelpText(
      "after",
      `
Who granted how much is recorded with the turn. \`pawl waits link\` prints a signed link with which somebody else can grant it.

Examples:
  pawl grant turn_0a37bbd7a23b472089f2f1e81873ddaf --tokens 50000
  pawl grant trip --usd 0.5

Exit codes:
  0  granted
  1  nothing waits for a budget, or somebody was faster`,
    )
    .action(async (id: string, options: GrantOptions) => {
      const { grant } = await import("../commands/grant.ts");
      setExitCode(await grant(id, options));
    });
}
