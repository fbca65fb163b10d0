import { PawlError } from "@pawl/core";
import { codeOf, failureKind } from "./retryable-codes.ts";

/** Certificates that do not prove what they should, as Node's TLS names them. */
const UNPROVEN = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);
// The driver gives no code for this.
const NO_TLS = /server does not support SSL/i;

/** We and the server will not talk to one another: coming again does not help. */
const TURNED_AWAY = new Set(["28P01", "28000", "3D000", ...UNPROVEN]);

const NOT_TRUSTED =
  "The certificate of the database does not prove that it is the one that was meant: give its authority as `ssl: { ca }`, and connect by a name that the certificate has.";
const WITHOUT_TLS =
  "It does not offer TLS, which was asked for: turn `ssl` on in postgresql.conf, or leave it out where the network is trusted.";

export type Operation = "read" | "write";

const REMEDIES: { readonly [code: string]: string } = {
  "25006": "The database is read-only, as a standby is: connect to the primary.",
  "28P01": "The database refused the password: check user and password.",
  "28000": "The database refused this user: check user, password and pg_hba.conf.",
  "3D000": "The database does not exist: create it, or check its name.",
  "42501": "The role lacks a privilege: let it own the schema, or grant it what is missing.",
  "42P01": "A table is missing: call `open()` first, which creates it.",
  "3F000": "The schema is missing: call `open()` first, which creates it.",
  "42703": "A column is missing: let `open()` migrate the schema, or run `pawl migrate`.",
  XX000: "It reports an error of its own: look into its log before anything else.",
  XX001: "It found a damaged page: look into its log, check the disk, and restore from a backup.",
  XX002: "It found a damaged index: look into its log, check the disk, and reindex.",
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
  const hasNoTls = thrown instanceof Error && NO_TLS.test(thrown.message);
  const why = hasNoTls
    ? WITHOUT_TLS
    : UNPROVEN.has(sqlState)
      ? NOT_TRUSTED
      : (REMEDIES[sqlState] ?? (thrown instanceof Error ? sentence(thrown.message) : ""));
  switch (hasNoTls || TURNED_AWAY.has(sqlState) ? "unreachable" : failureKind(thrown)) {
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
        codeOfRefusal(sqlState) ?? (operation === "read" ? "store_read_failed" : "store_write_failed"),
        `The database could not ${operation === "read" ? "answer" : "write"} (${statement}). ${why}`.trim(),
        { ...options, ...(isOurs(sqlState) && { blame: "pawl" }) },
      );
  }
}

/** Tables or a schema that ought to be there, and what the database or we got wrong; else it is the operation that failed. */
function codeOfRefusal(sqlState: string): string | undefined {
  if (MISSING.has(sqlState)) return "store_not_found";
  return isDamaged(sqlState) || isOurs(sqlState) ? "store_internal" : undefined;
}

const MISSING = new Set(["42P01", "3F000"]);

/** Class XX: the database found itself wrong. */
function isDamaged(sqlState: string): boolean {
  return sqlState.startsWith("XX");
}

/** Class 42: a statement does not fit the tables. A privilege that is missing is its owner's. */
function isOurs(sqlState: string): boolean {
  return sqlState.startsWith("42") && !MISSING.has(sqlState) && sqlState !== "42501";
}

function sentence(message: string): string {
  return message === "" || /[.!?]$/.test(message) ? message : `${message}.`;
}
