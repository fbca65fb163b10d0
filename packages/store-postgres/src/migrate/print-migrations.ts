import { quoteIdentifier } from "../connection/statement.ts";
import type { Migration } from "./migration-files.ts";

/** What `apply` in `migrate.ts` takes too, so that nobody migrates beside whoever runs the printed text. */
export function migrationLock(schema: string): string {
  return `pawl migrate ${schema}`;
}

/**
 * Migrations as SQL that a person may read, and run with `psql` as the owner of the schema: one transaction, under the lock that Pawl's own
 * migrations take. Run twice it fails and changes nothing. Pure.
 */
export function printMigrations(schema: string, missing: readonly Migration[]): string {
  const [first] = missing;
  const last = missing.at(-1);
  const name = quoteIdentifier(schema);
  if (first === undefined || last === undefined)
    return `-- Schema ${name} is up to date: there is nothing to do.\n`;
  const range = first.number === last.number ? `${first.number}` : `${first.number} to ${last.number}`;
  const parts = [
    `-- Pawl: migrations ${range} of schema ${name}. Forward only; oldest reader that stays admitted: ${last.oldestReader}.`,
    "begin isolation level read committed;",
    "set local statement_timeout = 0;",
    `select pg_advisory_xact_lock(hashtextextended(${quoteText(migrationLock(schema))}, 0));`,
    ...(first.number === 1 ? [`create schema if not exists ${name};`] : []),
    ...missing.map((migration) => printed(migration, name)),
    "commit;",
  ];
  return `${parts.join("\n")}\n`;
}

function printed({ number, name, text, hash, oldestReader }: Migration, schema: string): string {
  return `
-- ${name}
${text.trim().replaceAll("{schema}", schema)}
insert into ${schema}.migrations (number, name, hash, oldest_reader)
values (${number}, ${quoteText(name)}, ${quoteText(hash)}, ${oldestReader});
`;
}

function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
