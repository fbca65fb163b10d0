import type { AdminOptions } from "../commands/with-admin-store.ts";
import type { PawlCommand } from "./pawl-command.ts";
import type { SetExitCode } from "./shared-options.ts";

/** What signs links and other keys. */
export function addKeys(program: PawlCommand, setExitCode: SetExitCode): void {
  const keys = program
    .command("keys")
    .description("See and rotate the keys that sign links of approvals and other waits")
    .helpCommand(false)
    .addHelpText(
      "after",
      `
Without a command it lists them. They run where the database can be reached. Keys of PAWL_SECRET are changed there: the new
value is printed.

Examples:
  pawl keys
  pawl keys rotate`,
    );
  const command = (name: string, description: string, example: string, isDefault = false) =>
    keys
      .command(name, { isDefault })
      .description(description)
      .onDatabase()
      .addHelpText("after", `\nExamples:\n  pawl keys ${example}`);

  command("list", "List the keys by name and use, never what is secret of them", "list --json", true).action(
    async (options: AdminOptions) => {
      const { listKeys } = await import("../commands/keys.ts");
      setExitCode(await listKeys(options));
    },
  );

  command("rotate", "Make a new key that signs; what older ones signed stays valid", "rotate")
    .addHelpText(
      "after",
      `
While servers run, a new key begins by only verifying: start each server anew, then rotate again, and it signs. No link is refused
meanwhile. Receipts of approvals are signed with a key of their own, which is not rotated here.`,
    )
    .action(async (options: AdminOptions) => {
      const { rotateKeys } = await import("../commands/keys.ts");
      setExitCode(await rotateKeys(options));
    });

  command("drop", "Take an older key away: what it signed is valid no more", "drop k1")
    .argument("<key>", "the key's name, as `pawl keys list` shows it")
    .action(async (id: string, options: AdminOptions) => {
      const { dropKey } = await import("../commands/keys.ts");
      setExitCode(await dropKey(id, options));
    });
}
