import type { SessionClaim, Store } from "@pawl/core/ports";
import { postgresStore } from "@pawl/store-postgres";
import type pg from "pg";
import type { Cell } from "../cell.ts";
import { curve } from "../curve.ts";
import { type DurableTurns, durableTurns } from "../durable-turns.ts";
import { startMeasuredPostgres } from "../measured-postgres.ts";
import { sharedSample } from "../shared-sample.ts";
import { median } from "../statistics.ts";
import { wallMs } from "../stopwatch.ts";

const SIZES = [10, 100, 1_000, 10_000];
const TURNS = 8;

interface Costs {
  readonly commit: number;
  readonly turn: number;
}

export const growthHistoryCell: Cell = {
  name: "growth-history",
  title: "How a turn grows with the messages before it",
  about: `
    Turns of one call of a tool in sessions that have 10 to 10,000 messages already, through the turn driver
    and PostgreSQL: the commit of the turn, and the whole of it, which reads the messages for the model. The
    exponent is the slope over the logarithms of both: 0 does not grow, 1 grows with the history.
  `,
  notShown: `
    What a model takes to read a long history, which is far more than all of this. Messages are of some 80
    bytes.
  `,
  maxRounds: 5,
  async open() {
    const postgres = await startMeasuredPostgres();
    const closing: (() => Promise<void>)[] = [];

    async function costsAt(messages: number): Promise<() => Promise<Costs>> {
      const schema = `messages_${messages}`;
      const opened = postgresStore({ url: postgres.url, schema, listenUrl: false });
      await opened.open();
      closing.push(() => opened.close());
      const store = opened as unknown as Store<never>;
      const commits: number[] = [];
      const sessions: Store["sessions"] = {
        ...store.sessions,
        async commit(fence, boundary) {
          let result: Awaited<ReturnType<Store["sessions"]["commit"]>> | undefined;
          commits.push(
            await wallMs(async () => {
              result = await store.sessions.commit(fence, boundary);
            }),
          );
          return result!;
        },
      };
      const turns = durableTurns({ ...store, sessions }, store.inbox, { calls: 1 });
      return async () => {
        commits.length = 0;
        const claims = await turns.prepare(TURNS);
        const wholes: number[] = [];
        for (const claim of claims)
          wholes.push(await turnAfter(postgres.bare, schema, messages, claim, turns));
        return { commit: median(commits), turn: median(wholes) };
      };
    }

    const readers = new Map<number, ReturnType<typeof sharedSample<Costs>>>();
    for (const size of SIZES) readers.set(size, sharedSample(await costsAt(size)));
    const shape = { of: "messages", unit: "ms", sizes: SIZES };
    const readOf = (of: (costs: Costs) => number) => {
      const bySize = new Map([...readers].map(([size, reader]) => [size, reader(of)]));
      return (size: number) => bySize.get(size)!();
    };
    return {
      subjects: [
        ...curve({ ...shape, name: "commit a turn", atMost: 1.5, sample: readOf(({ commit }) => commit) }),
        ...curve({ ...shape, name: "a whole turn", sample: readOf(({ turn }) => turn) }),
      ],
      async close() {
        for (const close of closing) await close();
        await postgres.close();
      },
    };
  },
};

async function turnAfter(
  bare: pg.Pool,
  schema: string,
  messages: number,
  claim: SessionClaim,
  turns: DurableTurns,
): Promise<number> {
  await bare.query(
    `insert into ${schema}.messages (session_id, position, run_id, body)
     select $1, n - 1, 'before', '{"id":"m","role":"user","parts":[{"type":"text","text":"said before"}]}'
     from generate_series(1, $2::int) n`,
    [claim.sessionId, messages],
  );
  await bare.query(`update ${schema}.sessions set message_count = $2 where session_id = $1`, [
    claim.sessionId,
    messages,
  ]);
  return wallMs(() => turns.drive([claim]));
}
