import type { MigrateCommandOptions } from "../commands/migrate.ts";
import type { PawlCommand } from "./pawl-command.ts";
import type { SetExitCode } from "./shared-options.ts";

/** The tables of the database. */
export function addMigrate(program: PawlCommand, setExitCode: SetExitCode): void {
  program
    .command("migrate")
    .description("Bring the tables of the database up to this version")
    .option("--print", "show the SQL and run nothing")
    .onDatabase()
    .addHelpText(
      "after",
      `
The server migrates when it starts; this is for deployments where another role does, or where somebody looks first.
Migrations only go forward, run in one transaction, and let nodes of older versions go on where they say so.
With --print and DATABASE_URL the SQL is what that database lacks; without DATABASE_URL it is all of it.

Examples:
  pawl migrate
  pawl migrate --print > pawl.sql
  DATABASE_URL=postgres://owner:password@db:5432/agents pawl migrate`,
    )
    .action(async (options: MigrateCommandOptions) => {
      const { migrate } = await import("../commands/migrate.ts");
      setExitCode(await migrate(options));
    });
}
