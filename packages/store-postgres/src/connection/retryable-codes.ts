/**
 * What a failure of a statement means for what it did:
 * - `rolled_back`: nothing happened and the same again may succeed (serialization failure, deadlock, lock time-out).
 * - `unreachable`: it never reached the database.
 * - `lost`: the connection broke while it ran; it may have happened.
 * - `stale_plan`: the server does not know the prepared statement (a pooler, or a changed schema); nothing happened.
 * - `failed`: it did not happen and the same again fails too.
 */
export type FailureKind = "rolled_back" | "unreachable" | "lost" | "stale_plan" | "failed";

const ROLLED_BACK = new Set([
  "40001", // serialization_failure
  "40P01", // deadlock_detected
  "55P03", // lock_not_available
]);

const STALE_PLAN = new Set([
  "26000", // invalid_sql_statement_name
  "42P05", // duplicate_prepared_statement
]);

const UNREACHABLE = new Set([
  "53300", // too_many_connections
  "57P03", // cannot_connect_now
  "08001", // sqlclient_unable_to_establish_sqlconnection
  "08004", // sqlserver_rejected_establishment_of_sqlconnection
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

const LOST = new Set([
  "57P01", // admin_shutdown, also pg_terminate_backend
  "57P02", // crash_shutdown
  "57P05", // idle_session_timeout
  "25P03", // idle_in_transaction_session_timeout
  "08000",
  "08003",
  "08006",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
]);

// The driver gives no code for these.
const UNREACHABLE_TEXT =
  /timeout exceeded when trying to connect|connection terminated due to connection timeout/i;
const LOST_TEXT =
  /connection terminated|connection ended|client has encountered a connection error|client was closed|not queryable|read timeout/i;

/** The SQLSTATE or the system's error code, or the empty string. */
export function codeOf(thrown: unknown): string {
  return typeof thrown === "object" && thrown !== null && "code" in thrown ? String(thrown.code) : "";
}

export function failureKind(thrown: unknown): FailureKind {
  const code = codeOf(thrown);
  const text = thrown instanceof Error ? thrown.message : "";
  if (ROLLED_BACK.has(code)) return "rolled_back";
  if (STALE_PLAN.has(code) || (code === "0A000" && text.includes("cached plan"))) return "stale_plan";
  if (UNREACHABLE.has(code) || UNREACHABLE_TEXT.test(text)) return "unreachable";
  if (LOST.has(code) || (code === "" && LOST_TEXT.test(text))) return "lost";
  // Several addresses of one host were tried: all refusals are one.
  if (thrown instanceof AggregateError && thrown.errors.every((e) => failureKind(e) === "unreachable")) {
    return "unreachable";
  }
  return "failed";
}

/** Raised by our own statements through a division by zero: rows were not as asserted, and all was rolled back. */
export function isAssertionFailure(thrown: unknown): boolean {
  return codeOf(thrown) === "22012";
}

/** Something with this key is there already; all was rolled back. */
export function isUniqueViolation(thrown: unknown): boolean {
  return codeOf(thrown) === "23505";
}
