import { type MigrationReport, migratePostgres, migrationSql } from "@pawl/store-postgres";
import type { ServerConfig } from "./config/read-config.ts";
import { checkDatabase, openDatabase } from "./database.ts";

export type { MigrationReport };

export interface MigrateOptions {
  /** Hears, in sentences, what takes time. */
  readonly progress: (message: string) => void;
}

/** Brings the tables of the database in force up to this version, without starting anything else. Throws as `openDatabase` and `migratePostgres`. */
export async function migrateDatabase(
  { databaseUrl, dataDir }: ServerConfig,
  { progress }: MigrateOptions,
): Promise<MigrationReport> {
  const database = await openDatabase({ databaseUrl, dataDir, progress });
  try {
    progress("Migrating.");
    return await migratePostgres({ url: database.url });
  } finally {
    await database.close();
  }
}

/**
 * The SQL of what the database of `DATABASE_URL` lacks; without one, of everything. Nothing is written and nothing started. Throws as
 * `checkDatabase` and `migratePostgres`.
 */
export async function printDatabaseMigrations({ databaseUrl }: ServerConfig): Promise<string> {
  if (databaseUrl === undefined) return migrationSql();
  await checkDatabase(databaseUrl);
  return migrationSql({ url: databaseUrl });
}
