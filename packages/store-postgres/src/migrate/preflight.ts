import type { Database } from "../connection/database.ts";
import { statement } from "../connection/statement.ts";
import { unsafeDatabase } from "../errors.ts";

/** Oldest PostgreSQL on which the statements of this package are meant to run, as `server_version_num`. */
const OLDEST_SERVER = 140_000;

/** $1 schema. */
const readSettings = statement(
  "read_settings",
  `
select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit,
  current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
  pg_is_in_recovery() as standby,
  exists (
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = 'migrations'
  ) as migrated`,
);

/**
 * Refuses a database that does not keep what it confirms (D27). `acceptDataLoss` lets `fsync` and `synchronous_commit` pass, for
 * tests that promise nothing.
 *
 * @returns whether the schema was ever migrated, which is asked along with that
 * @throws PawlError `store_unsafe_database`
 */
export async function preflight(
  database: Database,
  acceptDataLoss: boolean,
): Promise<{ readonly migrated: boolean }> {
  const [row] = await database.read(readSettings, [database.schema]);
  const settings = row as {
    fsync: string;
    synchronous_commit: string;
    version: number;
    encoding: string;
    standby: boolean;
    migrated: boolean;
  };
  const { migrated } = settings;
  if (settings.version < OLDEST_SERVER) {
    throw unsafeDatabase(
      `This PostgreSQL has version ${Math.floor(settings.version / 10_000)}.`,
      `Use ${OLDEST_SERVER / 10_000} or newer.`,
    );
  }
  if (settings.encoding !== "UTF8") {
    throw unsafeDatabase(`The database has encoding ${settings.encoding}.`, "Create one with encoding UTF8.");
  }
  if (settings.standby) {
    throw unsafeDatabase("The database is a standby and cannot be written.", "Connect to the primary.");
  }
  if (acceptDataLoss) return { migrated };
  if (settings.fsync === "off") {
    throw unsafeDatabase(
      "fsync is off, so a crash of the machine loses what was committed.",
      "Turn it on in postgresql.conf.",
    );
  }
  if (settings.synchronous_commit === "off") {
    throw unsafeDatabase(
      "synchronous_commit is off, so a crash of the database loses what was committed.",
      "Turn it on for this server, database and role.",
    );
  }
  return { migrated };
}
