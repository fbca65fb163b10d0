import { BEHAVIOUR, inputId, nodeId, type SessionId, sessionId } from "@pawl/core";
import type { NodeLease, Store } from "@pawl/core/ports";
import { postgresStore } from "@pawl/store-postgres";
import type { Cell, Subject } from "../cell.ts";
import { durableTurns } from "../durable-turns.ts";
import { startMeasuredPostgres } from "../measured-postgres.ts";
import { quantile } from "../statistics.ts";

const FEW = 1_000;
const MANY = 100_000;

/**
 * How the queue's verbs depend on how much is queued, 1,000 sessions with an input or 100,000, and the commit of a turn on how many messages
 * its session has, 10 or 10,000. Medians of single calls, one after another, on stores of one PostgreSQL: entering an input, claiming the session
 * whose need is oldest (and leaving it again), and looking when nothing can be claimed.
 *
 * It does not show calls that compete, nor reading a long transcript, which a turn does once when it begins.
 */
export const growthCell: Cell = {
  name: "growth",
  async open({ scale }) {
    const postgres = await startMeasuredPostgres();
    const { bare } = postgres;
    const calls = 30 * scale;
    const closing: (() => Promise<void>)[] = [];
    let made = 0;

    async function openStore(schema: string): Promise<Store<never>> {
      const store = postgresStore({
        url: postgres.url,
        schema,
        listenUrl: false,
      }) as unknown as Store<never> & {
        close(): Promise<void>;
      };
      await store.open();
      closing.push(() => store.close());
      return store;
    }

    const newInput = (id: SessionId) => {
      made += 1;
      const content = { parts: [{ type: "text" as const, text: "x" }] };
      return { inputId: inputId(`new_${made}`), sessionId: id, content, delivery: "next" as const };
    };

    async function medianMs(call: () => Promise<unknown>, after?: (made: unknown) => Promise<unknown>) {
      const samples: number[] = [];
      for (let i = 0; i < calls; i++) {
        const began = performance.now();
        const result = await call();
        samples.push(performance.now() - began);
        await after?.(result);
      }
      return quantile(samples, 0.5);
    }

    async function queueOf(count: number) {
      const schema = `queued_${count}`;
      const store = await openStore(schema);
      await fillQueue(schema, count);
      const node = await store.leases.openNode(nodeId(`bench-${count}`), { ttlMs: 600_000 });
      const claim = (behaviours: readonly string[]) => store.leases.claim(node, { limit: 1, behaviours });
      return {
        enter: () => medianMs(() => store.inbox.accept(newInput(sessionId(`n${made}`)))),
        claim: () =>
          medianMs(
            () => claim([BEHAVIOUR]),
            async (claims) => {
              const [one] = claims as Awaited<ReturnType<typeof claim>>;
              if (one === undefined) throw new Error("Nothing could be claimed.");
              await store.leases.release(one.fence, { type: "idle" });
            },
          ),
        store,
        node,
      };
    }

    /** As that many `accept`s would leave it, in a moment. */
    async function fillQueue(schema: string, count: number, due = "now()"): Promise<void> {
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

    /** A look when all that is queued is for later. */
    async function idleLook(count: number): Promise<() => Promise<number>> {
      const schema = `later_${count}`;
      const store = await openStore(schema);
      await fillQueue(schema, count, "now() + interval '1 day'");
      const node: NodeLease = await store.leases.openNode(nodeId(`idle-${count}`), { ttlMs: 600_000 });
      return () =>
        medianMs(async () => {
          const claims = await store.leases.claim(node, { limit: 16, behaviours: [BEHAVIOUR] });
          if (claims.length > 0) throw new Error("Something was claimed before it was due.");
        });
    }

    /** Turns of sessions that have so many messages already: the time of their commits. */
    async function commitOf(messages: number): Promise<() => Promise<number>> {
      const schema = `messages_${messages}`;
      const store = await openStore(schema);
      const ms: number[] = [];
      const sessions: Store["sessions"] = {
        ...store.sessions,
        async commit(fence, boundary) {
          const began = performance.now();
          const result = await store.sessions.commit(fence, boundary);
          ms.push(performance.now() - began);
          return result;
        },
      };
      const turns = durableTurns({ ...store, sessions }, store.inbox, { calls: 1 });
      return async () => {
        ms.length = 0;
        const claims = await turns.prepare(8);
        for (const claim of claims) {
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
          await turns.drive([claim]);
        }
        return quantile(ms, 0.5);
      };
    }

    const [few, many] = [await queueOf(FEW), await queueOf(MANY)];
    const [looksFew, looksMany] = [await idleLook(FEW), await idleLook(MANY)];
    const [short, long] = [await commitOf(10), await commitOf(10_000)];
    const pair = (
      what: string,
      of: readonly [string, string],
      atMost: number,
      samples: readonly [S, S],
    ): Subject[] => {
      const floor = `${what}, ${of[0]}`;
      return [
        { name: floor, unit: "ms", sample: samples[0] },
        { name: `${what}, ${of[1]}`, unit: "ms", floor, target: { of: "ratio", atMost }, sample: samples[1] },
      ];
    };
    const queued = ["1,000 queued", "100,000 queued"] as const;
    return {
      subjects: [
        ...pair("enter an input", queued, 2, [few.enter, many.enter]),
        ...pair("claim a session", queued, 2, [few.claim, many.claim]),
        ...pair("look and find nothing", queued, 2, [looksFew, looksMany]),
        ...pair("commit a turn", ["10 messages", "10,000 messages"], 1.5, [short, long]),
      ],
      async close() {
        for (const close of closing) await close();
        await postgres.close();
      },
    };
  },
};

type S = () => Promise<number>;
