import { sessionId } from "@pawl/core";
import { bareNotify } from "../bare-notify.ts";
import type { Cell } from "../cell.ts";
import { startMeasuredPostgres } from "../measured-postgres.ts";
import { startOtherEnd } from "../start-other-end.ts";
import { quantile } from "../statistics.ts";
import { monotonicMs } from "../stopwatch.ts";
import { watchedHost } from "../watched-host.ts";

export const pickUpCell: Cell = {
  name: "pick-up",
  title: "From an input to the first step of its turn",
  about: `
    From an input that is sent to the first step of its turn, which is the call of its model, and to its
    end, on a system that has nothing else to do for about ten milliseconds between one and the next. The
    sender is another process, which starts the clock before it sends; the host hears of the input from
    PostgreSQL. The floor is a bare INSERT with a NOTIFY by that process until a bare listener in the host's
    has heard it.
  `,
  notShown: `
    A network, to the database or between the two processes, which share this machine's cores with it.
  `,
  whereItGoes: `
    Two statements, one after another, and a notification between them: the sender's input is accepted, and whoever hears of
    it claims its session together with what is next. The model is asked then, while its turn is being begun. None of them
    waits for the disk, as the floor does; what waits for it does so beside them. Nearly half of the time passes until the input is
    heard of, and a third with the claim: round trips, and what PostgreSQL does to keep an input, its session's line and its history in
    step. The rest is this process's own work, most of it after the claim and dearer than in a busy process, since nothing of it is in
    a processor's caches after a pause. From the
    model's answer to the commit is one statement, which waits for the disk, behind the wait of the accepted input.
  `,
  async open({ scale }) {
    const postgres = await startMeasuredPostgres();
    const watched = watchedHost({ url: postgres.url });
    await watched.host.start();
    const other = await startOtherEnd(postgres.url);
    const notify = await bareNotify(postgres.bare, other.notify);
    const inputs = 25 * scale;
    let sent = 0;

    async function untilStep(): Promise<number> {
      sent += 1;
      const text = `input ${sent}`;
      const [at, began] = await Promise.all([watched.called(text), other.send(`s${sent}`, text)]);
      await ended(`s${sent}`);
      return at - began;
    }

    async function untilEnd(): Promise<number> {
      sent += 1;
      const over = Promise.withResolvers<number>();
      const id = sessionId(`s${sent}`);
      const unlisten = watched.store.log.onAppend(id, () => {
        void watched.store.sessions.load(id).then((record) => {
          if ((record?.revision ?? 0) > 0) over.resolve(monotonicMs());
        });
      });
      const [at, began] = await Promise.all([over.promise, other.send(id, `input ${sent}`)]);
      unlisten();
      return at - began;
    }

    /** Nothing of it may be under way when the next is sent. */
    async function ended(id: string): Promise<void> {
      for (;;) {
        const record = await watched.store.sessions.load(sessionId(id));
        if (record !== null && record.revision > 0 && record.runtimeState === "idle") return;
      }
    }

    const share = (of: () => Promise<number>, at: number) => async () => {
      const samples: number[] = [];
      for (let i = 0; i < inputs; i++) samples.push(await of());
      return quantile(samples, at);
    };
    const floor = "insert and notify, bare pg, p50";
    return {
      subjects: [
        { name: floor, unit: "ms", sample: share(notify.untilHeard, 0.5) },
        {
          name: "sent to first step, p50",
          unit: "ms",
          floor,
          target: { of: "value", atMost: 2 },
          sample: share(untilStep, 0.5),
        },
        {
          name: "sent to first step, p95",
          unit: "ms",
          floor,
          target: { of: "value", atMost: 8 },
          sample: share(untilStep, 0.95),
        },
        { name: "sent to committed, p50", unit: "ms", floor, sample: share(untilEnd, 0.5) },
        { name: "sent to committed, p95", unit: "ms", floor, sample: share(untilEnd, 0.95) },
      ],
      async close() {
        notify.close();
        await other.close();
        await watched.close();
        await postgres.close();
      },
    };
  },
};
