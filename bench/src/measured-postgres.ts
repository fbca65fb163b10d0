import { startTestPostgres } from "@pawl/test-postgres";
import pg from "pg";
import { endsWithCell } from "./ends-with-cell.ts";

/** What a piece of work did to the database. */
export interface DatabaseWork {
  /** Written to PostgreSQL's write-ahead log, with the whole pages that it writes after each checkpoint of its own. */
  readonly walBytes: number;
  /** Transactions that wrote something. */
  readonly commits: number;
}

/** A PostgreSQL of one's own with its default durability, and a bare pool beside whatever is measured. */
export interface MeasuredPostgres {
  readonly url: string;
  readonly bare: pg.Pool;
  /** What is done meanwhile by anybody. */
  during(work: () => Promise<unknown>): Promise<DatabaseWork>;
  close(): Promise<void>;
}

export async function startMeasuredPostgres(connections = 4): Promise<MeasuredPostgres> {
  const server = await startTestPostgres();
  const bare = new pg.Pool({ connectionString: server.url, max: connections });
  // Those that are cut off when the server stops are of no interest.
  bare.on("error", () => undefined);
  // Asking for a transaction's number takes one, too: two looks in a row are one apart.
  const look = async () => {
    const { rows } = await bare.query<{ xid: string; at: string }>(
      "select pg_current_xact_id()::text as xid, (pg_current_wal_insert_lsn() - '0/0')::text as at",
    );
    return { xid: Number(rows[0]?.xid), at: Number(rows[0]?.at) };
  };
  return {
    url: server.url,
    bare,
    async during(work) {
      const before = await look();
      await work();
      const after = await look();
      return { walBytes: after.at - before.at, commits: after.xid - before.xid - 1 };
    },
    close: endsWithCell(async () => {
      await bare.end().catch(() => undefined);
      await server.stop();
    }),
  };
}
