// `node --expose-gc parked-sessions URL COUNT [CONCURRENCY | small]`: sessions that all wait for an approval in this process, and what they cost
// it. Tells its memory before and with all of them parked, then has every one answered and tells how many went on.
import { fork } from "node:child_process";
import { once } from "node:events";
import { callId, NO_USAGE, sessionId, tool } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { createHost } from "@pawl/host";
import { keepMemorySmall } from "@pawl/server/memory";
import { postgresStore } from "@pawl/store-postgres";
import { anything } from "./anything.ts";
import { programFile } from "./program-file.ts";
import { SECRET } from "./secret.ts";

const url = process.argv[2]!;
const count = Number(process.argv[3]);
/** How many sessions are driven at once, when that is not the host's default; or that memory is kept small. */
const how = process.argv[4];
const concurrency = how === undefined || how === "small" ? {} : { concurrency: Number(how) };
/** Longer than V8 takes to see that a process rests, where it is asked to look. */
const REST_MS = 20_000;
/** Sessions that are sent to at once. */
const AT_ONCE = 128;

const ended = new Set<string>();
const model: Model = {
  id: "bench/model",
  async call({ messages }) {
    const answered = messages.some(({ role }) => role === "assistant");
    const said = messages[0]?.parts[0];
    if (answered && said?.type === "text") ended.add(said.text);
    const call = { type: "tool_call", callId: callId("c1"), name: "work", input: {} } as const;
    return {
      ok: true,
      answer: {
        parts: [answered ? ({ type: "text", text: "Done." } as const) : call],
        terminalReason: answered ? "stop" : "tool_use",
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
  execute: () => ({ done: true }),
});
if (how === "small") keepMemorySmall();
const store = postgresStore({ url });
const approvals = { work: () => true };
const host = createHost({ store, secret: SECRET, model, tools: { work }, approvals, ...concurrency });
await host.start();

async function forAll(run: (n: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => run(from + i)));
  }
}

async function until(isDone: () => Promise<boolean>): Promise<void> {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** `rssAsLeft`: with the pages that V8 keeps of what was garbage, which it gives back only when memory is short. */
async function memory(): Promise<{
  readonly rss: number;
  readonly rssAsLeft: number;
  readonly heapUsed: number;
}> {
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const rssAsLeft = process.memoryUsage.rss();
  globalThis.gc?.({ type: "major", execution: "sync", flavor: "last-resort" });
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, rssAsLeft, heapUsed };
}

// What the first turn loads is not what a wait costs.
await host.session("first").send("first");
await until(async () => (await host.waits.list()).length === 1);
const before = await memory();
await forAll((n) => host.session(`s${n}`).send(`input ${n}`));
for (let n = 0; n < count; n++)
  await until(async () => (await store.sessions.load(sessionId(`s${n}`)))?.parked === true);
await new Promise((resolve) => setTimeout(resolve, REST_MS));
const after = await memory();

// Whoever answers is another process, which drives nothing: what goes on goes on here.
const began = performance.now();
const answering = fork(programFile("answer-parked"), [url, String(count)]);
const answered = once(answering, "exit");
answered.then(([code]) => code === 0 || process.exit(1));
await until(async () => ended.size === count);
const resumedMs = performance.now() - began;
await answered;
let completed = 0;
for (let n = 0; n < count; n++) {
  const record = () => store.sessions.load(sessionId(`s${n}`));
  await until(async () => (await record())?.openTurn === null);
  if (((await record())?.revision ?? 0) > 0) completed += 1;
}
process.send?.({ before, after, resumed: completed, resumedMs });
await host.stop();
await store.close();
process.disconnect?.();
