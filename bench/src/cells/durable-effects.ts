import { postgresStore } from "@pawl/store-postgres";
import type pg from "pg";
import type { Cell } from "../cell.ts";
import { countingPool } from "../counting-pool.ts";
import { type DurableTurns, durableTurns } from "../durable-turns.ts";
import { startMeasuredPostgres } from "../measured-postgres.ts";
import { wallMs } from "../stopwatch.ts";

const TURNS_AT_ONCE = 32;
const INSERT = "insert into floor (body) values ($1)";

export const durableEffectsCell: Cell = {
  name: "durable-effects",
  title: "Durable effects",
  about: `
    Effects that are durable, in a PostgreSQL of its own with its default durability: those of one turn one
    after another, the steps of one composite tool, and the effects of 32 turns at once, through the turn
    driver, the journal and \`@pawl/store-postgres\`, with a model and a \`retry\` tool that answer at once.
    An effect here is a checkpoint, a model's call or a tool's call, from being asked for to being durable;
    time, commits and bytes have the turn's begin and commit in them. A checkpoint goes into the commit of
    the outcome that asks for it, so a turn makes two commits for three effects; a step is always a commit
    of its own. The floor is what the disk and PostgreSQL give: commits of one row with the same contents,
    one after another, by bare \`pg\` on one connection; on 32 connections they show what PostgreSQL gains
    by committing together.
  `,
  notShown: `
    A network to the database, other tools than \`retry\` (which write an intent first), text that is
    streamed, or claiming and queueing, which are not timed.
  `,
  whereItGoes: `
    Above the floor is PostgreSQL asking the fence before it writes a row, and this process between an answer
    and the next row: about twice as long for the outcome of a model or a tool, which goes through guards,
    executor and machine, as for a step of a tool, which is encoded and written. Of many turns at once one
    core of Node is what is used up.
  `,
  async open({ scale }) {
    const postgres = await startMeasuredPostgres(TURNS_AT_ONCE);
    const { bare } = postgres;
    const counted = countingPool(postgres.url);
    const store = postgresStore({ pool: counted.pool });
    const close = async () => {
      await store.close();
      await counted.pool.end().catch(() => undefined);
      await postgres.close();
    };
    const turnsOf = (calls: number, steps = 0) =>
      durableTurns(store as never, store.inbox as never, { calls, steps });
    let bodies: readonly string[];
    try {
      await bare.query("create table floor (id bigint generated always as identity primary key, body jsonb)");
      await store.open();
      bodies = await bodiesOf(turnsOf(10), bare);
    } catch (cause) {
      await close();
      throw cause;
    }
    // About 1,000 effects and 1,000 steps in a full run, and 32 times 100 effects in each.
    const alone = turnsOf(83 * scale);
    const stepping = turnsOf(1, 250 * scale);
    const together = turnsOf(33);

    /** @returns how many commits */
    async function commit(connections: number): Promise<number> {
      const commits = (connections === 1 ? 250 : 60) * scale;
      const clients = await Promise.all(Array.from({ length: connections }, () => bare.connect()));
      const insert = async (client: pg.PoolClient) => {
        for (let i = 0; i < commits; i++) {
          const values = [bodies[i % bodies.length]];
          await client.query({ name: "floor", text: INSERT, values });
        }
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

    async function effectsPerSecond(turns: DurableTurns, atOnce: number): Promise<number> {
      const claims = await turns.prepare(atOnce);
      const ms = await wallMs(() => turns.drive(claims));
      return (1_000 * (await turns.effectsOf(claims))) / ms;
    }

    async function walOfCommit(): Promise<number> {
      let commits = 0;
      const { walBytes } = await postgres.during(async () => {
        commits = await commit(1);
      });
      return walBytes / commits;
    }

    /** What one effect of a turn that runs alone costs the database. */
    async function costOfEffect() {
      const claims = await alone.prepare(1);
      const before = counted.statements;
      let statements = 0;
      const { walBytes, commits } = await postgres.during(async () => {
        await alone.drive(claims);
        statements = counted.statements - before;
      });
      const effects = await alone.effectsOf(claims);
      return { walBytes: walBytes / effects, commits: commits / effects, statements: statements / effects };
    }

    const floor = "commits of one row, bare pg";
    const walFloor = "log written for a commit";
    const many = `effects of ${TURNS_AT_ONCE} turns at once`;
    return {
      subjects: [
        { name: floor, unit: "/s", sample: () => commitsPerSecond(1) },
        {
          name: `the same on ${TURNS_AT_ONCE} connections`,
          unit: "/s",
          floor,
          sample: () => commitsPerSecond(TURNS_AT_ONCE),
        },
        {
          name: "effects of one turn",
          unit: "/s",
          floor,
          target: { of: "ratio", atLeast: 0.9 },
          sample: () => effectsPerSecond(alone, 1),
        },
        { name: "steps of one tool", unit: "/s", floor, sample: () => effectsPerSecond(stepping, 1) },
        {
          name: many,
          unit: "/s",
          floor,
          target: { of: "ratio", atLeast: 6 },
          sample: () => effectsPerSecond(together, TURNS_AT_ONCE),
        },
        { name: walFloor, unit: "bytes", sample: walOfCommit },
        {
          name: "log written for an effect",
          unit: "bytes",
          floor: walFloor,
          target: { of: "ratio", atMost: 1.5 },
          sample: async () => (await costOfEffect()).walBytes,
        },
        {
          name: "commits for an effect",
          unit: "",
          target: { of: "value", atMost: 1 },
          sample: async () => (await costOfEffect()).commits,
        },
        {
          name: "statements for an effect, with those commits",
          unit: "",
          target: { of: "value", atMost: 2 },
          sample: async () => (await costOfEffect()).statements,
        },
      ],
      close,
    };
  },
};

/** The contents of the rows that effects of these turns leave, so that the floor writes the same. */
async function bodiesOf(turns: DurableTurns, bare: pg.Pool): Promise<readonly string[]> {
  const claims = await turns.prepare(1);
  await turns.drive(claims);
  const { rows } = await bare.query<{ body: string }>(
    "select body::text as body from pawl.log where session_id = $1 and ordinal > 0",
    [claims[0]!.sessionId],
  );
  if (rows.length === 0) throw new Error("The turn left no rows.");
  return rows.map(({ body }) => body);
}
