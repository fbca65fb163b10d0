import type { VerifyReceiptOptions } from "../commands/approval-receipt.ts";
import type { DecideOptions, Decision, LinkOptions } from "../commands/approvals.ts";
import type { WaitsOptions } from "../commands/waits.ts";
import type { ClientOptions } from "../commands/with-client.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { dataDir, json, listLimit, type SetExitCode, seconds } from "./shared-options.ts";

const ID = "9c1185a5c5e9fc54612808977ee8f548b2258d31";

/** Calls that need somebody's approval: seeing them, deciding them, links for those who decide, and receipts. */
export function addApprovals(program: PawlCommand, setExitCode: SetExitCode): void {
  const approvals = program
    .command("approvals")
    .description("See and decide calls that need somebody's approval")
    .helpCommand(false)
    .addHelpText("after", `\nExamples:\n  pawl approvals list\n  pawl approvals approve ${ID}`);
  /** A subcommand that asks a server, or the database. */
  const command = (name: string, description: string, example: string) =>
    approvals
      .command(name)
      .description(description)
      .onServer()
      .addHelpText("after", `\nExamples:\n  pawl approvals ${example}`);

  command("list", "List calls that wait for an approval, oldest first", "list --json")
    .option("--session <id>", "of this session only")
    .addOption(listLimit())
    .action(async (options: WaitsOptions) => {
      const { listApprovals } = await import("../commands/approvals.ts");
      setExitCode(await listApprovals(options));
    });

  command("show", "Show a call with all of its arguments, and what was decided", `show ${ID}`)
    .argument("<approval>", "the approval's id")
    .action(async (id: string, options: ClientOptions) => {
      const { showApproval } = await import("../commands/approvals.ts");
      setExitCode(await showApproval(id, options));
    });

  const decision = (name: Decision, description: string, example: string) =>
    command(name, description, `${name} ${ID}${example}`)
      .argument("<approval>", "the approval's id")
      .action(async (id: string, options: DecideOptions) => {
        const { decide } = await import("../commands/approvals.ts");
        setExitCode(await decide(id, name, options));
      });
  decision("approve", "Let the call be made with exactly these arguments", "");
  decision("deny", "Let the call not be made; the model is told", ' --reason "too much"').option(
    "--reason <text>",
    "told to the model",
  );
  decision(
    "edit",
    "Let the call be made with other arguments, which its tool checks like any",
    ` --input '{"cents":100}'`,
  ).requiredOption("--input <json>", "the arguments, as JSON");

  command(
    "link",
    "Print a link with which somebody can decide, on a phone too and without a token",
    `link ${ID} --for boss@x.io`,
  )
    .argument("<approval>", "the approval's id")
    .option("--for <name>", "whose link it is: what they decide is recorded under this name")
    .option("--expires <seconds>", "how long it works; as long as the approval waits when absent", seconds)
    .addHelpText("after", "\nWhoever has the link can decide, once: hand it to nobody else.")
    .action(async (id: string, options: LinkOptions) => {
      const { printLink } = await import("../commands/approvals.ts");
      setExitCode(await printLink(id, "approvals", options));
    });

  command(
    "receipt",
    "Print the signed proof of what was decided, by whom and when",
    `receipt ${ID} > receipt.json`,
  )
    .argument("<approval>", "the approval's id")
    .action(async (id: string, options: ClientOptions) => {
      const { printReceipt } = await import("../commands/approval-receipt.ts");
      setExitCode(await printReceipt(id, options));
    });

  command("key", "Print the public key that receipts verify with", "key").action(
    async (options: ClientOptions) => {
      const { printReceiptKey } = await import("../commands/approval-receipt.ts");
      setExitCode(await printReceiptKey(options));
    },
  );

  approvals
    .command("verify")
    .description("Check a receipt: what was approved, by whom and when. Needs no server and no database")
    .argument("<file>", "a file that `pawl approvals receipt` wrote; - reads one from stdin")
    .option("--key <public key>", "refuse receipts of any other key; `pawl approvals key` prints yours")
    .addOption(dataDir())
    .addOption(json())
    .addHelpText(
      "after",
      `
Examples:
  pawl approvals verify receipt.json
  pawl approvals verify receipt.json --key "$(cat our-key.txt)"

Without --key the keys count that this data folder knows: that of a server that runs on it, and those that
\`pawl approvals receipt\` and \`pawl approvals key\` have met.

Exit codes:
  0  it holds, and its key is the one that was named or is known here
  1  it was altered, is of another key, or is no receipt
  4  it holds, and its key is not known here: anybody could have signed it`,
    )
    .action(async (file: string, options: VerifyReceiptOptions) => {
      const { verifyReceipt } = await import("../commands/approval-receipt.ts");
      setExitCode(await verifyReceipt(file, options));
    });
}
