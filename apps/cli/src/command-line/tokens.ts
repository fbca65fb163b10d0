import { Option } from "commander";
import type { TokenCreateOptions, TokenListOptions } from "../commands/token.ts";
import type { AdminOptions } from "../commands/with-admin-store.ts";
import type { PawlCommand } from "./pawl-command.ts";
import { collect, type SetExitCode, wholeNumber } from "./shared-options.ts";

/** Who may come in over the network. */
export function addTokens(program: PawlCommand, setExitCode: SetExitCode): void {
  const token = program
    .command("token")
    .description("Let principals in: make, list and revoke tokens")
    .helpCommand(false)
    .addHelpText(
      "after",
      `
Tokens are kept as hashes in the database, so these commands run where that can be reached.

Examples:
  pawl token create --principal alice --expires 30d
  pawl token list
  pawl token revoke tok_6f1d2c0a9b8e7f60`,
    );

  token
    .command("create")
    .description("Make a token and show it, this once")
    .option("--principal <name>", "who it lets in; without it the operator, who sees everything")
    .option("--tenant <name>", "of which tenant; the same name in another tenant is somebody else")
    .option("--scope <scope>", "what it may be used for: read, write, approve, metrics; repeatable", collect)
    .option("--expires <time>", "how long it is valid, such as 12h or 30d; without it until it is revoked")
    .onDatabase()
    .addHelpText(
      "after",
      `
The token alone goes to stdout. A principal sees its own sessions and nothing of anybody else.

Examples:
  pawl token create --principal alice --expires 30d
  pawl token create --principal alice --tenant acme --scope read --scope approve
  PAWL_TOKEN=$(pawl token create --principal ci) pawl run --server https://agents.example.com "Hello"
  pawl token create --principal prometheus --scope metrics --json`,
    )
    .action(async (options: TokenCreateOptions) => {
      const { tokenCreate } = await import("../commands/token.ts");
      setExitCode(await tokenCreate(options));
    });

  token
    .command("list")
    .description("List tokens, the newest first; never the tokens themselves")
    .addOption(
      new Option("--limit <number>", "how many at most").argParser(wholeNumber(1, 10_000)).default(200),
    )
    .onDatabase()
    .addHelpText(
      "after",
      `
Examples:
  pawl token list
  pawl token list --json`,
    )
    .action(async (options: TokenListOptions) => {
      const { tokenList } = await import("../commands/token.ts");
      setExitCode(await tokenList(options));
    });

  token
    .command("revoke")
    .description("Take a token back, on all servers within 10 seconds")
    .argument("<id>", "the token's id, as `pawl token list` shows it")
    .onDatabase()
    .addHelpText(
      "after",
      `
Examples:
  pawl token revoke tok_6f1d2c0a9b8e7f60`,
    )
    .action(async (id: string, options: AdminOptions) => {
      const { tokenRevoke } = await import("../commands/token.ts");
      setExitCode(await tokenRevoke(id, options));
    });
}
