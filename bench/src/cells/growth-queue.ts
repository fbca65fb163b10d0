import { BEHAVIOUR, inputId, nodeId, type SessionId, sessionId } from "@pawl/core";
import type { NodeLease, Store } from "@pawl/core/ports";
import { postgresStore } from "@pawl/store-postgres";
import type pg from "pg";
import type { Cell } from "../cell.ts";
import { curve } from "../curve.ts";
import { startMeasuredPostgres } from "../measured-postgres.ts";
import { median } from "../statistics.ts";
import { eachMs } from "../stopwatch.ts";

const SIZES = [1_000, 10_000, 100_000];
const LEASE_MS = 600_000;

export const growthQueueCell: Cell = {
  name: "growth-queue",
  title: "How the queue's verbs grow with what is queued",
  about: `
    Medians of single calls, one after another, on stores of one PostgreSQL where 1,000, 10,000 or 100,000
    sessions have an input queued: entering an input, claiming the session whose need is oldest (and leaving
    it again), and looking when all that is queued is for later. The exponent is the slope over the
    logarithms of both: 0 does not grow, 1 grows with the queue.
  `,
  notShown: `
    Calls that compete, and a queue that was filled input by input over days with vacuum behind it: it is
    filled by three statements and analysed.
  `,
  async open({ scale }) {
    const postgres = await startMeasuredPostgres();
    const { bare } = postgres;
    const calls = 30 * scale;
    const stores: ReturnType<typeof postgresStore>[] = [];
    let made = 0;

    async function openStore(schema: string): Promise<Store<never>> {
      const store = postgresStore({ url: postgres.url, schema, listenUrl: false });
      await store.open();
      stores.push(store);
      return store as unknown as Store<never>;
    }

    const newInput = (id: SessionId) => {
      made += 1;
      const content = { parts: [{ type: "text" as const, text: "x" }] };
      return { inputId: inputId(`new_${made}`), sessionId: id, content, delivery: "next" as const };
    };

    async function queueOf(count: number) {
      const schema = `queued_${count}`;
      const store = await openStore(schema);
      await fillQueue(bare, schema, count);
      const node = await store.leases.openNode(nodeId(`bench-${count}`), { ttlMs: LEASE_MS });
      return { store, node };
    }

    async function laterOf(count: number) {
      const schema = `later_${count}`;
      const store = await openStore(schema);
      await fillQueue(bare, schema, count, "now() + interval '1 day'");
      const node = await store.leases.openNode(nodeId(`idle-${count}`), { ttlMs: LEASE_MS });
      return { store, node };
    }

    async function enter({ store }: Queue): Promise<number> {
      return median(await eachMs(calls, () => store.inbox.accept(newInput(sessionId(`n${made}`)))));
    }

    async function claim({ store, node }: Queue): Promise<number> {
      const ms: number[] = [];
      for (let i = 0; i < calls; i++) {
        const began = performance.now();
        const [one] = await store.leases.claim(node, { limit: 1, behaviours: [BEHAVIOUR] });
        ms.push(performance.now() - began);
        if (one === undefined) throw new Error("Nothing could be claimed.");
        await store.leases.release(one.fence, { type: "idle" });
      }
      return median(ms);
    }

    async function look({ store, node }: Queue): Promise<number> {
      const once = async () => {
        const claims = await store.leases.claim(node, { limit: 16, behaviours: [BEHAVIOUR] });
        if (claims.length > 0) throw new Error("Something was claimed before it was due.");
      };
      return median(await eachMs(calls, once));
    }

    const queues = new Map<number, Queue>();
    const later = new Map<number, Queue>();
    for (const size of SIZES) {
      queues.set(size, await queueOf(size));
      later.set(size, await laterOf(size));
    }
    const shape = { of: "queued", unit: "ms", sizes: SIZES, atMost: 2 };
    return {
      subjects: [
        ...curve({ ...shape, name: "enter an input", sample: (size) => enter(queues.get(size)!) }),
        ...curve({ ...shape, name: "claim a session", sample: (size) => claim(queues.get(size)!) }),
        ...curve({ ...shape, name: "look and find nothing", sample: (size) => look(later.get(size)!) }),
      ],
      async close() {
        for (const store of stores) await store.close();
        await postgres.close();
      },
    };
  },
};

interface Queue {
  readonly store: Store<never>;
  readonly node: NodeLease;
}

/** As that many `accept`s would leave it, in a moment. */
async function fillQueue(bare: pg.Pool, schema: string, count: number, due = "now()"): Promise<void> {
  const series = `generate_series(1, ${count}) n`;
  await bare.query(`insert into ${schema}.sessions (session_id) select 'q' || n from ${series}`);
  await bare.query(
    `insert into ${schema}.session_queue (session_id, positions, input_at) select 'q' || n, 1, ${due} from ${series}`,
  );
  await bare.query(
    `insert into ${schema}.inputs (input_id, session_id, position, delivery, state, content, digest, due_at, accepted_at)
     select 'in_' || n, 'q' || n, 1, 'next', 'queued', '{"parts":[]}', 'd', ${due}, now() from ${series}`,
  );
  await bare.query(`analyze ${schema}.sessions, ${schema}.session_queue, ${schema}.inputs`);
}
