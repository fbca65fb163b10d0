import pg from "pg";
import { wallMs } from "./stopwatch.ts";

/** What the disk and PostgreSQL give: rows that are committed one after another, on one connection, by bare `pg`. */
export interface BareCommits {
  commit(rows: number): Promise<void>;
  perSecond(rows: number): Promise<number>;
  close(): Promise<void>;
}

const BODY = JSON.stringify({ step: "x".repeat(200) });

export async function bareCommits(url: string): Promise<BareCommits> {
  const bare = new pg.Client({ connectionString: url });
  bare.on("error", () => undefined);
  await bare.connect();
  await bare.query("create table floor (id bigint generated always as identity primary key, body jsonb)");
  const commit = async (rows: number) => {
    for (let i = 0; i < rows; i++)
      await bare.query({ name: "floor", text: "insert into floor (body) values ($1)", values: [BODY] });
  };
  return {
    commit,
    perSecond: async (rows) => (1_000 * rows) / (await wallMs(() => commit(rows))),
    close: () => bare.end().catch(() => undefined),
  };
}
