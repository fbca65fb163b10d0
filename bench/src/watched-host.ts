import { agent, callId, type Message, NO_USAGE, tool } from "@pawl/core";
import type { Logger, Model } from "@pawl/core/ports";
import { createHost, type Host } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { anything } from "./anything.ts";
import { SECRET } from "./secret.ts";
import { monotonicMs } from "./stopwatch.ts";

/** A host on PostgreSQL with a model that answers at once and is seen at it. */
export interface WatchedHost {
  readonly host: Host<never>;
  readonly store: ReturnType<typeof postgresStore>;
  /** When the model is called for the `nth` time with this text as the newest input, from 1; by `monotonicMs`. */
  called(text: string, nth?: number): Promise<number>;
  /** When the tool of this session is called; by `monotonicMs`. */
  worked(sessionId: string): Promise<number>;
  /** When the turn of this session has taken its next step, whose row it hands to the store; by `monotonicMs`. */
  stepped(sessionId: string): Promise<number>;
  close(): Promise<void>;
}

export interface WatchedHostOptions {
  readonly url: string;
  readonly concurrency?: number;
  /** The model calls the tool `work` first, which somebody has to approve. */
  readonly approvals?: boolean;
}

export function watchedHost({ url, concurrency = 16, approvals = false }: WatchedHostOptions): WatchedHost {
  const seen = new Map<string, PromiseWithResolvers<number>>();
  const moment = (text: string, nth: number) => {
    const key = `${nth} ${text}`;
    const known = seen.get(key) ?? Promise.withResolvers<number>();
    seen.set(key, known);
    return known;
  };
  const model: Model = {
    id: "bench/model",
    async call({ messages }) {
      const { text, answered } = newest(messages);
      moment(text, answered + 1).resolve(monotonicMs());
      const call = { type: "tool_call", callId: callId("c1"), name: "work", input: {} } as const;
      const calls = approvals && answered === 0;
      return {
        ok: true,
        answer: {
          parts: [calls ? call : ({ type: "text", text: "Done." } as const)],
          terminalReason: calls ? "tool_use" : "stop",
          usage: NO_USAGE,
          model: "bench/model",
        },
      };
    },
  };
  const work = tool({
    description: "Works",
    input: anything,
    onCrash: "retry",
    execute: (_input, { sessionId }) => {
      moment(sessionId, 0).resolve(monotonicMs());
      return { done: true };
    },
  });
  const store = postgresStore({ url });
  const steps = new Map<string, (at: number) => void>();
  const log: typeof store.log = {
    ...store.log,
    append(fence, rows) {
      steps.get(fence.sessionId)?.(monotonicMs());
      return store.log.append(fence, rows);
    },
  };
  const host = createHost({
    store: { ...store, log },
    secret: SECRET,
    model,
    tools: { work },
    agents: [agent({ name: "bench" })],
    ...(approvals && { approvals: { work: () => true } }),
    concurrency,
    logger: LOUD,
  }) as Host<never>;
  return {
    host,
    store,
    async called(text, nth = 1) {
      const at = await moment(text, nth).promise;
      seen.delete(`${nth} ${text}`);
      return at;
    },
    worked: (sessionId) => moment(sessionId, 0).promise,
    async stepped(sessionId) {
      const { promise, resolve } = Promise.withResolvers<number>();
      steps.set(sessionId, resolve);
      const at = await promise;
      steps.delete(sessionId);
      return at;
    },
    async close() {
      await host.stop();
      await store.close();
    },
  };
}

/** The newest input, and how often the model has answered since. */
function newest(messages: readonly Message[]): { readonly text: string; readonly answered: number } {
  const at = messages.findLastIndex(({ role }) => role === "user");
  const part = messages[at]?.parts[0];
  const text = part?.type === "text" ? part.text : "";
  return { text, answered: messages.slice(at).filter(({ role }) => role === "assistant").length };
}

/** What goes wrong while measuring makes the figure worthless, so it is said. */
const say = (message: string, facts?: object) =>
  void process.stderr.write(`${message} ${JSON.stringify(facts)}\n`);
const LOUD: Logger = { debug() {}, info() {}, warn: say, error: say };
