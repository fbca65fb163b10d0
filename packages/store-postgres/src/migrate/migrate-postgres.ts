import type { Logger } from "@pawl/core/ports";
import { Database } from "../connection/database.ts";
import { type ConnectionOptions, openPool } from "../connection/pool.ts";
import { invalidConfig } from "../errors.ts";
import { migrate, pendingMigrations } from "./migrate.ts";
import { loadMigrations, type Migration } from "./migration-files.ts";
import { preflight } from "./preflight.ts";
import { printMigrations } from "./print-migrations.ts";

export type MigrationOptions = ConnectionOptions & {
  /** Default `pawl`. */
  readonly schema?: string;
  /** As for `postgresStore`. */
  readonly acceptDataLoss?: boolean;
  readonly logger?: Logger;
};

export interface MigrationReport {
  readonly schema: string;
  /** Names of the files that were applied by this call. */
  readonly applied: readonly string[];
  /** The number of the last migration that this version ships. */
  readonly version: number;
}

/** Channel names have 63 bytes and carry the schema's. */
const SCHEMA = /^[a-z_][a-z0-9_]{0,39}$/;
const PATIENCE_MS = 10_000;
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** @throws PawlError `store_config_invalid` */
export function checkSchemaName(schema: string): string {
  if (SCHEMA.test(schema)) return schema;
  throw invalidConfig(
    "A schema name has at most 40 lower-case letters, digits and underscores, and begins with no digit.",
  );
}

/**
 * Brings the schema up to this version, as opening a store does, for deployments that migrate as another role than the one that runs.
 *
 * @throws PawlError `store_schema_too_new`, `store_migration_changed`, `store_unsafe_database`, `store_write_failed`,
 * `store_unreachable`, `store_config_invalid`
 */
export async function migratePostgres(options: MigrationOptions): Promise<MigrationReport> {
  return withDatabase(options, async (database) => {
    const { migrated } = await preflight(database, options.acceptDataLoss ?? false);
    const applied = await migrate(database, { allowed: true, migrated });
    const known = await loadMigrations();
    return { schema: database.schema, applied: applied.map(({ name }) => name), version: known.length };
  });
}

/**
 * The same as SQL, for people who look first or whose role may not. Without a database everything from nothing, else what that
 * database lacks; nothing is written. @throws PawlError as `migratePostgres`
 */
export async function migrationSql(
  options: MigrationOptions | { readonly schema?: string } = {},
): Promise<string> {
  const schema = checkSchemaName(options.schema ?? "pawl");
  const missing = isConnected(options)
    ? await withDatabase(options, (database): Promise<readonly Migration[]> => pendingMigrations(database))
    : await loadMigrations();
  return printMigrations(schema, missing);
}

function isConnected(options: object): options is MigrationOptions {
  return "url" in options || "pool" in options;
}

async function withDatabase<T>(
  options: MigrationOptions,
  work: (database: Database) => Promise<T>,
): Promise<T> {
  const schema = checkSchemaName(options.schema ?? "pawl");
  const { pool, owned } = openPool(options);
  const database = new Database({
    pool,
    schema,
    logger: options.logger ?? SILENT,
    random: Math.random,
    patienceMs: PATIENCE_MS,
    preparedStatements: false,
  });
  try {
    return await work(database);
  } finally {
    database.stop();
    if (owned) await pool.end();
  }
}
