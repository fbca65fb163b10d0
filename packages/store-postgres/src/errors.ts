import { PawlError } from "@pawl/core";

/** Somebody else owns what this writer believes to own (D1). Nothing was written. */
export function fenced(sessionOrNode: string): PawlError {
  return new PawlError(
    "store_fenced",
    `"${sessionOrNode}" is no longer held by this node: drop the work at once, whoever holds it now goes on with it.`,
    { blame: "infrastructure" },
  );
}

/** What was asked for contradicts what is stored. Nothing was written. */
export function conflict(message: string): PawlError {
  return new PawlError("store_conflict", message);
}

/** Its id is used up for ever. Nothing was written. */
export function sessionErased(sessionId: string): PawlError {
  return new PawlError(
    "session_not_accepting",
    `Session "${sessionId}" was erased, and ids are used only once: use another session.`,
  );
}

export function notStorable(what: string, problem: string): PawlError {
  return new PawlError("not_storable", `${what} cannot be stored: it contains ${problem}.`);
}

export function closed(): PawlError {
  return new PawlError("store_closed", "This store was closed: make another one.");
}

/** A row that this version cannot read. Others are not touched by it. `where` names it and shows nothing of it. */
export function corruptRow(where: string, problem: string, cause?: unknown): PawlError {
  return new PawlError(
    "store_corrupt_row",
    `${where} cannot be read: ${problem}. Restore it from a backup; everything else in the database still works.`,
    { blame: "infrastructure", details: { row: where }, ...(cause !== undefined && { cause }) },
  );
}

export function schemaTooNew(schema: string, found: number, known: number): PawlError {
  return new PawlError(
    "store_schema_too_new",
    `Schema "${schema}" is at version ${found} and admits no readers as old as this one (${known}): upgrade @pawl/store-postgres.`,
    { details: { found, known } },
  );
}

export function schemaTooOld(schema: string, missing: number): PawlError {
  return new PawlError(
    "store_schema_too_old",
    `Schema "${schema}" lacks ${missing} migrations and this store may not apply them: migrate first, or leave \`migrate: false\` out.`,
  );
}

/** An applied migration is not the file that this version ships. */
export function migrationChanged(schema: string, name: string): PawlError {
  return new PawlError(
    "store_migration_changed",
    `Migration "${name}" of schema "${schema}" was applied with other content than this version ships: install the version that created the schema, or use another schema.`,
    { details: { migration: name } },
  );
}

/** The database does not keep what it confirms (D27), or keeps text that Pawl does not use. */
export function unsafeDatabase(problem: string, remedy: string): PawlError {
  return new PawlError("store_unsafe_database", `${problem} ${remedy}`, { blame: "infrastructure" });
}

export function invalidConfig(message: string): PawlError {
  return new PawlError("store_config_invalid", message);
}
