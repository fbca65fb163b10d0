// Whoever sends to a host, answers it and tells it, in a process of its own: `node other-end URL`, asked over IPC.
import { executionScope, inputId, sessionId } from "@pawl/core";
import { createAwaitEvents, createKeyring, systemClock } from "@pawl/effects";
import { createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import pg from "pg";
import { answerQuestions } from "./answer-questions.ts";
import { HEARD } from "./bare-notify.ts";
import { SECRET, SECRET_BYTES } from "./secret.ts";
import { monotonicMs } from "./stopwatch.ts";

/** Each resolves to when it began, by `monotonicMs`, and long after: its answer must not disturb what is measured. */
export interface OtherEnd {
  /** Inserts a row and announces it, by bare `pg`. */
  notify(): Promise<number>;
  /** A first input for this session. */
  send(session: string, text: string): Promise<number>;
  /** Lists what the turn of this session waits for, once it does. Resolves to its id, and long after. */
  shown(session: string): Promise<string>;
  /** Approves what was shown. */
  approve(waitId: string): Promise<number>;
  /** Resolves the await-event of this turn, of which nothing else is there. */
  resolve(turn: string): Promise<number>;
  close(): Promise<void>;
}

const LONG_AFTER_MS = 10;

async function openOtherEnd(url: string): Promise<OtherEnd> {
  const bare = new pg.Client({ connectionString: url });
  await bare.connect();
  const store = postgresStore({ url });
  await store.open();
  const model = { id: "bench/model", call: () => Promise.reject(new Error("This one only answers.")) };
  const host = createHost({ store, model, secret: SECRET });
  const keyring = createKeyring([{ id: "k1", bytes: SECRET_BYTES }]);
  const awaits = await createAwaitEvents({ rows: store.awaits, keyring, clock: systemClock });

  function longAfter<T>(value: T): Promise<T> {
    return new Promise((resolve) => setTimeout(resolve, LONG_AFTER_MS, value));
  }

  async function timed(act: () => Promise<unknown>): Promise<number> {
    const began = monotonicMs();
    await act();
    return longAfter(began);
  }

  return {
    notify: () => timed(() => bare.query(HEARD)),
    send: (session, text) =>
      timed(() =>
        store.inbox.accept({
          inputId: inputId(`in_${session}`),
          sessionId: sessionId(session),
          content: { parts: [{ type: "text", text }] },
          delivery: "next",
        }),
      ),
    async shown(session) {
      for (;;) {
        const [wait] = await host.waits.list({ sessionId: session });
        if (wait !== undefined) return longAfter(wait.id);
      }
    },
    approve: (waitId) => timed(() => host.waits.answer(waitId, { decision: "approve" }, { by: "bench" })),
    async resolve(turn) {
      const scope = executionScope.turn("session-1", turn);
      const key = await awaits.key(scope, { type: "tool_completion", callId: "c1" });
      return timed(() => awaits.resolve(key, { status: "ok", payload: 1 }));
    },
    async close() {
      await store.close();
      await bare.end();
    },
  };
}

await answerQuestions(() => openOtherEnd(process.argv[2]!));
