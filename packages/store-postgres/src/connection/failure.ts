import { PawlError } from "@pawl/core";
import { codeOf, failureKind } from "./retryable-codes.ts";

/** The server turned the connection away: coming again does not help. */
const TURNED_AWAY = new Set(["28P01", "28000", "3D000"]);

export type Operation = "read" | "write";

const REMEDIES: { readonly [code: string]: string } = {
  "25006": "The database is read-only, as a standby is: connect to the primary.",
  "28P01": "The database refused the password: check user and password.",
  "28000": "The database refused this user: check user, password and pg_hba.conf.",
  "3D000": "The database does not exist: create it, or check its name.",
  "42501": "The role lacks a privilege: let it own the schema, or grant it what is missing.",
  "42P01": "A table is missing: call `open()` first, which creates it.",
  "3F000": "The schema is missing: call `open()` first, which creates it.",
  "53100": "The disk of the database is full: free space and try again.",
  "53200": "The database is out of memory: try again later.",
  "53300": "The database has too many connections: lower the size of the pools, or raise max_connections.",
  "57014": "The statement ran into a time-out: raise statement_timeout, or look at what blocks it.",
  "55P03": "A lock was held for too long: look for a transaction that stays open.",
};

/**
 * What failed, as an error that says what to do. The driver's own message goes along as `cause`, never the URL or the password.
 */
export function storeFailure(thrown: unknown, operation: Operation, statement: string): PawlError {
  if (thrown instanceof PawlError) return thrown;
  const sqlState = codeOf(thrown);
  const details = { statement, ...(sqlState !== "" && { sqlState }) };
  const options = { blame: "infrastructure", details, cause: thrown } as const;
  const why = REMEDIES[sqlState] ?? (thrown instanceof Error ? sentence(thrown.message) : "");
  switch (TURNED_AWAY.has(sqlState) ? "unreachable" : failureKind(thrown)) {
    case "unreachable":
      return new PawlError("store_unreachable", `The database cannot be reached. ${why}`.trim(), options);
    case "lost":
      return operation === "read"
        ? new PawlError("store_unreachable", `The connection to the database was lost. ${why}`, options)
        : new PawlError(
            "store_outcome_unknown",
            "The connection to the database was lost and it is not known whether the write happened: do the same again.",
            options,
          );
    case "rolled_back":
    case "stale_plan":
    case "failed":
      return new PawlError(
        operation === "read" ? "store_read_failed" : "store_write_failed",
        `The database could not ${operation === "read" ? "answer" : "write"} (${statement}). ${why}`.trim(),
        options,
      );
  }
}

function sentence(message: string): string {
  return message === "" || /[.!?]$/.test(message) ? message : `${message}.`;
}
