import type { PoolClient } from "pg";
import type { Database } from "../connection/database.ts";
import { storeFailure } from "../connection/failure.ts";
import { failureKind } from "../connection/retryable-codes.ts";
import { quoteIdentifier } from "../connection/statement.ts";
import { migrationChanged, schemaTooNew, schemaTooOld } from "../errors.ts";
import { loadMigrations, type Migration } from "./migration-files.ts";
import { migrationLock } from "./print-migrations.ts";

interface Applied {
  readonly number: number;
  readonly name: string;
  readonly hash: string;
  readonly oldest_reader: number;
}

/**
 * Brings the schema up to this version: numbered files, forward only, all of them in one transaction under a lock of that
 * transaction, so that several processes may start at once, behind poolers too. Unless `allowed` it only checks. `migrated`: as `preflight`
 * found it.
 *
 * @returns what was applied
 * @throws PawlError `store_schema_too_new`, `store_schema_too_old`, `store_migration_changed`, `store_write_failed`, `store_unreachable`
 */
export async function migrate(
  database: Database,
  { allowed, migrated }: { readonly allowed: boolean; readonly migrated: boolean },
): Promise<readonly Migration[]> {
  const known = await loadMigrations();
  const applied = migrated ? await connected(database, (client) => listApplied(client, database.schema)) : [];
  const missing = pending(database.schema, known, applied);
  if (missing.length === 0) return [];
  if (!allowed) throw schemaTooOld(database.schema, missing.length);
  return connected(database, (client) => apply(client, database.schema, known));
}

/** What `migrate` would apply. Writes nothing. Throws as `migrate`. */
export async function pendingMigrations(database: Database): Promise<readonly Migration[]> {
  const known = await loadMigrations();
  return connected(database, async (client) =>
    pending(database.schema, known, await readApplied(client, database.schema)),
  );
}

async function connected<T>(database: Database, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const attempt = async () => {
    const client = await database.connect();
    let broken = true;
    try {
      const result = await work(client);
      broken = false;
      return result;
    } catch (error) {
      broken = failureKind(error) !== "failed";
      throw error;
    } finally {
      database.release(client, broken);
    }
  };
  try {
    return await database.insist(attempt, { repeatLost: true });
  } catch (error) {
    throw storeFailure(error, "write", "migrate");
  }
}

async function apply(
  client: PoolClient,
  schema: string,
  known: readonly Migration[],
): Promise<readonly Migration[]> {
  await client.query("begin isolation level read committed");
  try {
    await client.query("set local statement_timeout = 0");
    await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [migrationLock(schema)]);
    // Somebody else may have been at work while this process waited.
    const missing = pending(schema, known, await readApplied(client, schema));
    if (missing.length > 0) await createSchema(client, schema);
    for (const migration of missing) {
      await client.query(migration.text.replaceAll("{schema}", quoteIdentifier(schema)));
      await client.query(
        `insert into ${quoteIdentifier(schema)}.migrations (number, name, hash, oldest_reader) values ($1, $2, $3, $4)`,
        [migration.number, migration.name, migration.hash, migration.oldestReader],
      );
    }
    await client.query("commit");
    return missing;
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

/** Asked first: a role that owns its schema need not be allowed to create others, and `if not exists` needs that right. */
async function createSchema(client: PoolClient, schema: string): Promise<void> {
  const { rowCount } = await client.query("select 1 from pg_namespace where nspname = $1", [schema]);
  if (rowCount === 0) await client.query(`create schema ${quoteIdentifier(schema)}`);
}

async function readApplied(client: PoolClient, schema: string): Promise<readonly Applied[]> {
  const { rowCount } = await client.query(
    "select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'migrations'",
    [schema],
  );
  return rowCount === 0 ? [] : listApplied(client, schema);
}

async function listApplied(client: PoolClient, schema: string): Promise<readonly Applied[]> {
  const { rows } = await client.query<Applied>(
    `select number, name, hash, oldest_reader from ${quoteIdentifier(schema)}.migrations order by number`,
  );
  return rows;
}

/** What is still to be applied. Pure. @throws PawlError `store_schema_too_new`, `store_migration_changed` */
export function pending(
  schema: string,
  known: readonly Migration[],
  applied: readonly Applied[],
): readonly Migration[] {
  for (const { number, name, hash, oldest_reader } of applied) {
    const ours = known.find((migration) => migration.number === Number(number));
    if (ours === undefined) {
      if (Number(oldest_reader) > known.length) throw schemaTooNew(schema, Number(number), known.length);
    } else if (ours.hash !== hash) throw migrationChanged(schema, name);
  }
  const last = Math.max(0, ...applied.map((a) => Number(a.number)));
  return known.filter((migration) => migration.number > last);
}
