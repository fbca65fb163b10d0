import { executionScope, sessionId } from "@pawl/core";
import type { AwaitEventRows } from "@pawl/core/ports";
import { createAwaitEvents, createKeyring, systemClock } from "@pawl/effects";
import { memoryStore } from "@pawl/store-memory";
import { bareNotify } from "../bare-notify.ts";
import type { Cell } from "../cell.ts";
import { startMeasuredPostgres } from "../measured-postgres.ts";
import { SECRET_BYTES } from "../secret.ts";
import { startOtherEnd } from "../start-other-end.ts";
import { quantile } from "../statistics.ts";
import { monotonicMs } from "../stopwatch.ts";
import { watchedHost } from "../watched-host.ts";

export const wakeUpCell: Cell = {
  name: "wake-up",
  title: "From an answer to the turn that waited for it",
  about: `
    From an answer that another process gives, which has listed what is waited for and starts the clock
    before it answers, to the turn that waited for it. Hot: the turn still waits in memory, and goes on when it has taken the answer and hands
    the row that says so to the store; beside that, until the tool is called that was approved, which is
    behind that row. Parked: nothing of the turn is in memory; it is claimed and replayed, and the tool is
    called. In process: a bare await-event of a store in memory, from \`resolve\` to the waiter's next line;
    the await-event alone is the same over PostgreSQL and from that other process. The floor is a bare
    INSERT with a NOTIFY by that process until a bare listener in the host's has heard it; that of the
    tool's call the same until the listener's process has inserted a row of its own; in process it is a turn of the event loop.
  `,
  notShown: `
    A network, to the database or between the two processes, which share this machine's cores with it.
  `,
  whereItGoes: `
    A hot turn goes on after one commit, that of the answer: before it is the Ed25519 signature of the receipt
    that is written with it, and after it are a notification and the look at the wait. Its tool is called after
    another one, of the row that says that the turn has read the answer, without which no tool may run (D6). A
    parked turn is claimed, read and replayed besides.
  `,
  async open({ scale }) {
    const postgres = await startMeasuredPostgres();
    const waiting = watchedHost({ url: postgres.url, approvals: true, concurrency: 64 });
    await waiting.host.start();
    const other = await startOtherEnd(postgres.url);
    const notify = await bareNotify(postgres.bare, other.notify);
    const turns = 8 * scale;
    let sent = 0;

    const clock = systemClock;
    const keyring = createKeyring([{ id: "k1", bytes: SECRET_BYTES }]);
    const over = (rows: AwaitEventRows) => createAwaitEvents({ rows, keyring, clock });
    const awaits = await over(memoryStore({ clock }).awaits);
    const there = await over(waiting.store.awaits);

    async function ask(): Promise<string> {
      sent += 1;
      const session = `s${sent}`;
      await waiting.host.session(session).send("Work.");
      return session;
    }

    type Until = (session: string) => Promise<number>;

    async function answer(session: string, until: Until): Promise<number> {
      const id = await other.shown(session);
      const [at, began] = await Promise.all([until(session), other.approve(id)]);
      return at - began;
    }

    const hot = (until: Until) => async () => {
      const samples: number[] = [];
      for (let i = 0; i < turns; i++) {
        const session = await ask();
        samples.push(await answer(session, until));
        // What is left of this turn is not what the next one waits for.
        await ended(session);
      }
      return samples;
    };

    async function ended(session: string): Promise<void> {
      for (;;) {
        const record = await waiting.store.sessions.load(sessionId(session));
        if (record !== null && record.revision > 0 && record.runtimeState === "idle") return;
      }
    }

    async function alone(): Promise<readonly number[]> {
      const samples: number[] = [];
      for (let i = 0; i < 25 * scale; i++) {
        sent += 1;
        const scope = executionScope.turn("session-1", `turn-${sent}`);
        const key = await there.key(scope, { type: "tool_completion", callId: "c1" });
        const gone = there.wait(key, { signal: new AbortController().signal }).then(monotonicMs);
        // The waiter has asked first, and waits.
        await waiting.store.awaits.register({ ...key, sessionId: null, turnId: null, dueAt: null, info: {} });
        const [at, began] = await Promise.all([gone, other.resolve(`turn-${sent}`)]);
        samples.push(at - began);
      }
      return samples;
    }

    async function parked(): Promise<readonly number[]> {
      const asked = await Promise.all(Array.from({ length: turns }, ask));
      for (;;) {
        const { rows } = await postgres.bare.query<{ n: string }>(
          "select count(*) as n from pawl.session_queue where phase = 'parked' and session_id = any($1)",
          [asked],
        );
        if (Number(rows[0]?.n) === turns) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const samples: number[] = [];
      for (const session of asked) samples.push(await answer(session, waiting.worked));
      return samples;
    }

    async function inProcess(): Promise<readonly number[]> {
      const samples: number[] = [];
      for (let i = 0; i < 200; i++) {
        sent += 1;
        const scope = executionScope.turn("session-1", `turn-${sent}`);
        const key = await awaits.key(scope, { type: "tool_completion", callId: "c1" });
        const gone = awaits.wait(key, { signal: new AbortController().signal }).then(() => performance.now());
        await new Promise((resolve) => setImmediate(resolve));
        const began = performance.now();
        void awaits.resolve(key, { status: "ok", payload: 1 });
        samples.push(1_000 * ((await gone) - began));
      }
      return samples;
    }

    async function loopTurns(): Promise<readonly number[]> {
      const samples: number[] = [];
      for (let i = 0; i < 200; i++) {
        const began = performance.now();
        await new Promise((resolve) => setImmediate(resolve));
        samples.push(1_000 * (performance.now() - began));
      }
      return samples;
    }

    const bare = (of: () => Promise<number>) => async () => {
      const samples: number[] = [];
      for (let i = 0; i < 25 * scale; i++) samples.push(await of());
      return samples;
    };

    const floor = "insert and notify, bare pg, p50";
    const floorOfTwo = "the same, and an insert by who hears it, bare pg, p50";
    const turn = "a turn of the event loop, p50";
    const share = (of: () => Promise<readonly number[]>, at: number) => async () => quantile(await of(), at);
    return {
      subjects: [
        { name: turn, unit: "µs", sample: share(loopTurns, 0.5) },
        {
          name: "in process, p50",
          unit: "µs",
          floor: turn,
          target: { of: "value", atMost: 50 },
          sample: share(inProcess, 0.5),
        },
        { name: floor, unit: "ms", sample: share(bare(notify.untilHeard), 0.5) },
        { name: floorOfTwo, unit: "ms", sample: share(bare(notify.untilWritten), 0.5) },
        {
          name: "another process, hot, p50",
          unit: "ms",
          floor,
          target: { of: "value", atMost: 1.5 },
          sample: share(hot(waiting.stepped), 0.5),
        },
        {
          name: "another process, hot, until its tool is called, p50",
          unit: "ms",
          floor: floorOfTwo,
          sample: share(hot(waiting.worked), 0.5),
        },
        {
          name: "the await-event alone, p50",
          unit: "ms",
          floor,
          target: { of: "value", atMost: 1.5 },
          sample: share(alone, 0.5),
        },
        { name: "another process, hot, p95", unit: "ms", sample: share(hot(waiting.stepped), 0.95) },
        {
          name: "another process, parked, p50",
          unit: "ms",
          floor,
          target: { of: "value", atMost: 15 },
          sample: share(parked, 0.5),
        },
        { name: "another process, parked, p95", unit: "ms", sample: share(parked, 0.95) },
      ],
      async close() {
        notify.close();
        await other.close();
        await waiting.close();
        await postgres.close();
      },
    };
  },
};
