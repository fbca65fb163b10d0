import { postgresStore } from "@pawl/store-postgres";
import { startTestPostgres } from "@pawl/test-postgres";
import pg from "pg";
import type { Cell } from "../cell.ts";
import { durableTurns } from "../durable-turns.ts";
import { wallMs } from "../stopwatch.ts";

const TURNS_AT_ONCE = 32;
/** About what an effect's row holds. */
const BODY = JSON.stringify({
  kind: "machine_input",
  input: { type: "effect_settled", text: "x".repeat(200) },
});

/**
 * Effects that are durable, in a PostgreSQL of its own with its default durability: one turn's effects one after another, and those
 * of 32 turns at once, through the turn driver, the journal and `@pawl/store-postgres`, with a model and a `retry` tool that answer
 * at once. An effect here is a checkpoint, a model's call or a tool's call, from being asked for to being durable; time and bytes
 * have the turn's begin and commit in them. The floor is what the disk and PostgreSQL give: commits of one row, one after another,
 * by bare `pg` on one connection; on 32 connections they show what PostgreSQL gains by committing together. The bytes are those of PostgreSQL's write-ahead log, with the whole pages that it writes after each checkpoint of its own.
 *
 * It does not show a network to the database, other tools than `retry` (which write an intent first), text that is streamed, or
 * claiming and queueing, which are not timed.
 */
export const durableEffectsCell: Cell = {
  name: "durable-effects",
  async open({ scale }) {
    const server = await startTestPostgres();
    const bare = new pg.Pool({ connectionString: server.url, max: TURNS_AT_ONCE });
    // Those that are cut off when the server stops are of no interest.
    bare.on("error", () => undefined);
    const store = postgresStore({ url: server.url });
    const close = async () => {
      await store.close();
      await bare.end().catch(() => undefined);
      await server.stop();
    };
    try {
      await bare.query("create table floor (id bigint generated always as identity primary key, body jsonb)");
      await store.open();
    } catch (cause) {
      await close();
      throw cause;
    }
    const turns = durableTurns(store as never, store.inbox as never, 15 * scale);

    /** @returns how many commits */
    async function commit(connections: number): Promise<number> {
      const commits = 200 * scale;
      const clients = await Promise.all(Array.from({ length: connections }, () => bare.connect()));
      const insert = async (client: pg.PoolClient) => {
        for (let i = 0; i < commits; i++)
          await client.query({ name: "floor", text: "insert into floor (body) values ($1)", values: [BODY] });
      };
      try {
        await Promise.all(clients.map(insert));
      } finally {
        for (const client of clients) client.release();
      }
      return commits * connections;
    }

    async function commitsPerSecond(connections: number): Promise<number> {
      let commits = 0;
      const ms = await wallMs(async () => {
        commits = await commit(connections);
      });
      return (1_000 * commits) / ms;
    }

    async function effectsPerSecond(atOnce: number): Promise<number> {
      const claims = await turns.prepare(atOnce);
      const ms = await wallMs(() => turns.drive(claims));
      return (1_000 * (await turns.effectsOf(claims))) / ms;
    }

    async function walBytes(work: () => Promise<unknown>): Promise<number> {
      const position = async () => {
        const { rows } = await bare.query<{ at: string }>("select pg_current_wal_insert_lsn() - '0/0' as at");
        return Number(rows[0]?.at);
      };
      const before = await position();
      await work();
      return (await position()) - before;
    }

    async function walOfCommit(): Promise<number> {
      let commits = 0;
      const bytes = await walBytes(async () => {
        commits = await commit(1);
      });
      return bytes / commits;
    }

    async function walOfEffect(): Promise<number> {
      const claims = await turns.prepare(1);
      const bytes = await walBytes(() => turns.drive(claims));
      return bytes / (await turns.effectsOf(claims));
    }

    const floor = "commits of one row, bare pg";
    const walFloor = "log written for a commit";
    return {
      subjects: [
        { name: floor, unit: "/s", sample: () => commitsPerSecond(1) },
        {
          name: `the same on ${TURNS_AT_ONCE} connections`,
          unit: "/s",
          floor,
          sample: () => commitsPerSecond(TURNS_AT_ONCE),
        },
        { name: "effects of one turn", unit: "/s", floor, sample: () => effectsPerSecond(1) },
        {
          name: `effects of ${TURNS_AT_ONCE} turns at once`,
          unit: "/s",
          floor,
          sample: () => effectsPerSecond(TURNS_AT_ONCE),
        },
        { name: walFloor, unit: "bytes", sample: walOfCommit },
        { name: "log written for an effect", unit: "bytes", floor: walFloor, sample: walOfEffect },
      ],
      close,
    };
  },
};
