import type { PawlError } from "@pawl/core";
import pg from "pg";
import { hidePassword } from "./config/effective-config.ts";
import { openEmbeddedPostgres } from "./embedded-postgres/index.ts";
import { serverError, systemCode } from "./errors.ts";

/** A PostgreSQL that was there when it was asked. */
export interface Database {
  readonly url: string;
  /** Everything else of this process must have left it before. */
  close(): Promise<void>;
}

export interface OpenDatabaseOptions {
  /** Absent: the one of the data folder is started or joined. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  /** Hears, in sentences, what takes time. */
  readonly progress: (message: string) => void;
}

/** @throws PawlError whose message says what to do; it never shows a password */
export async function openDatabase({
  databaseUrl,
  dataDir,
  progress,
}: OpenDatabaseOptions): Promise<Database> {
  if (databaseUrl === undefined) {
    progress("Starting PostgreSQL in the data folder.");
    return openEmbeddedPostgres({ dataDir, log: progress });
  }
  progress("Connecting to PostgreSQL.");
  await checkDatabase(databaseUrl);
  return { url: databaseUrl, close: async () => undefined };
}

const CONNECT_TIMEOUT_MS = 10_000;

/** Connects once, so that an address that is wrong is told in a sentence before anything is started. */
export async function checkDatabase(url: string): Promise<void> {
  let client: pg.Client | undefined;
  try {
    client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
    client.on("error", () => undefined);
    await client.connect();
    await client.query("select 1");
  } catch (error) {
    throw databaseError(url, error);
  } finally {
    await client?.end().catch(() => undefined);
  }
}

const REFUSALS: Readonly<Record<string, string>> = {
  "28P01": "it does not accept this user and password. Correct them in DATABASE_URL",
  "28000":
    "it does not let this user in from here. Correct the user in DATABASE_URL, or allow it in pg_hba.conf",
  "3D000": "it has no database of this name. Create it with `createdb`, or correct the name in DATABASE_URL",
  "53300": "it has no free connection. Raise its max_connections, or close other programs that use it",
  "57P03": "it is starting up or shutting down. Try again in a moment",
};

function databaseError(url: string, error: unknown): PawlError {
  const address = hidePassword(url);
  const code = systemCode(error);
  const refusal = REFUSALS[code];
  if (refusal !== undefined) {
    return serverError("database_refused", `PostgreSQL at ${address} was reached, but ${refusal}.`, error);
  }
  const reason = reasonOf(error, code);
  return serverError(
    "database_unreachable",
    `PostgreSQL at ${address} cannot be reached: ${reason}. Start it or correct DATABASE_URL; without DATABASE_URL Pawl starts a PostgreSQL of its own.`,
    error,
  );
}

function reasonOf(error: unknown, code: string): string {
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "its host name is not known";
  if (code === "ETIMEDOUT" || code === "EHOSTUNREACH" || code === "ENETUNREACH")
    return "there is no way to it from here";
  const message = error instanceof Error ? error.message : String(error);
  if (/timeout/i.test(message)) return `it did not answer within ${CONNECT_TIMEOUT_MS / 1000} s`;
  // An AggregateError of several addresses has no message of its own.
  return message.replace(/\s+/g, " ").trim().slice(0, 200) || code || "the reason is not known";
}
