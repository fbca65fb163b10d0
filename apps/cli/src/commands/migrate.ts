import { type MigrationReport, migrateDatabase, printDatabaseMigrations } from "@pawl/server/migrations";
import { EXIT } from "../exit-codes.ts";
import { createProgress } from "../output/progress.ts";
import { sayError } from "../output/say-error.ts";
import { serverUnsupported } from "./refuse-server.ts";
import { configOf } from "./server-options.ts";

export interface MigrateCommandOptions {
  readonly print?: true;
  readonly json?: true;
  readonly dataDir?: string;
  readonly server?: string;
}

/** Brings the tables up to date, or shows the SQL that would. */
export async function migrate({ print, json, dataDir, server }: MigrateCommandOptions): Promise<number> {
  if (server !== undefined) return sayError(serverUnsupported(server), json === true);
  const progress = createProgress(process.stderr);
  try {
    const config = configOf(dataDir === undefined ? {} : { dataDir });
    if (print) {
      const sql = await printDatabaseMigrations(config);
      process.stdout.write(json ? `${JSON.stringify({ sql })}\n` : sql);
      return EXIT.completed;
    }
    const report = await migrateDatabase(config, { progress: progress.set });
    progress.clear();
    process.stdout.write(json ? `${JSON.stringify(report)}\n` : describe(report));
    return EXIT.completed;
  } catch (error) {
    progress.clear();
    return sayError(error, json === true);
  } finally {
    progress.clear();
  }
}

function describe({ schema, applied, version }: MigrationReport): string {
  if (applied.length === 0) return `Schema ${schema} is up to date, at version ${version}.\n`;
  const lines = applied.map((name) => `  ${name}`);
  return `Schema ${schema} is at version ${version} now. Applied:\n${lines.join("\n")}\n`;
}
