import { PawlError } from "@pawl/core";
import pg, { type Pool, type PoolConfig } from "pg";
import { invalidConfig } from "../errors.ts";
import type { ListenConnection } from "./listener.ts";

/** Where the database is: a pool of the caller's, or a URL from which the store makes its own. */
export type ConnectionOptions =
  | { readonly pool: Pool; readonly url?: never }
  | {
      /** `postgresql://user:password@host:5432/database?sslmode=require` */
      readonly url: string;
      readonly pool?: never;
      /** Most connections, without the one that listens. Default 10. */
      readonly poolSize?: number;
      /** TLS, as for `pg`; wins over what the URL says. */
      readonly ssl?: PoolConfig["ssl"];
      /**
       * How long the server lets one statement run, in milliseconds; default 30,000. 0 sends no setting: some poolers refuse
       * connections that bring one.
       */
      readonly statementTimeoutMs?: number;
    };

/** One listens, one appends, and the others must not wait for them for ever. */
const SMALLEST_LISTENING_POOL = 3;
const CONNECT_MS = 10_000;
const STATEMENT_MS = 30_000;
/** After the server's own time-out only a dead network keeps us waiting. */
const NETWORK_GRACE_MS = 10_000;

export interface OwnedPool {
  readonly pool: Pool;
  /** The store made it and ends it. */
  readonly owned: boolean;
}

/** @throws PawlError `store_config_invalid` */
export function openPool(options: ConnectionOptions): OwnedPool {
  if (options.pool !== undefined) return { pool: options.pool, owned: false };
  const statementMs = options.statementTimeoutMs ?? STATEMENT_MS;
  const pool = new pg.Pool({
    ...clientConfig(options.url, options.ssl),
    max: options.poolSize ?? 10,
    ...(statementMs > 0 && { statement_timeout: statementMs, query_timeout: statementMs + NETWORK_GRACE_MS }),
  });
  // An idle connection that breaks is replaced at its next use; without a listener it would end the process.
  pool.on("error", () => undefined);
  // The same for one that breaks while the pool is being closed.
  pool.on("connect", (client) => client.on("error", () => undefined));
  return { pool, owned: true };
}

/** A connection that stays: from `listenUrl` or the store's own URL, else one of the pool's. */
export async function openListenConnection(
  pool: Pool,
  url: string | undefined,
  ssl: PoolConfig["ssl"] | undefined,
): Promise<ListenConnection> {
  if (url === undefined) {
    if (pool.options.max < SMALLEST_LISTENING_POOL) {
      throw new PawlError(
        "listen_impossible",
        `A pool of fewer than ${SMALLEST_LISTENING_POOL} connections has none to spare for listening: give a \`listenUrl\`, or live with polling.`,
      );
    }
    const client = await pool.connect();
    let open = true;
    return {
      client,
      close: () => {
        if (open) client.release(true);
        open = false;
      },
    };
  }
  const client = new pg.Client({ ...clientConfig(url, ssl), query_timeout: CONNECT_MS });
  client.on("error", () => undefined);
  await client.connect();
  let open = true;
  return {
    client,
    close: () => {
      if (open) void client.end().catch(() => undefined);
      open = false;
    },
  };
}

function clientConfig(url: string, ssl: PoolConfig["ssl"] | undefined): PoolConfig {
  assertUrl(url);
  return {
    connectionString: url,
    application_name: "pawl",
    keepAlive: true,
    connectionTimeoutMillis: CONNECT_MS,
    ...(ssl !== undefined && { ssl }),
  };
}

function assertUrl(url: string): void {
  // Not as a cause: what the parser says would carry the password.
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "postgres:" && parsed?.protocol !== "postgresql:") {
    throw invalidConfig(
      "The database URL is not one: it looks like postgresql://user:password@host:5432/database, with special characters of the password percent-encoded.",
    );
  }
}
