// `node --expose-gc parked-sessions.mjs <url> <count>`: sessions that all wait for an approval in this process, and what they cost
// it. Tells its memory before and with all of them parked, then has every one answered and tells how many went on. In JavaScript,
// because what Node loads to read TypeScript weighs more than the rest.
import { NO_USAGE, tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";

const [url, count] = [process.argv[2], Number(process.argv[3])];
/** Sessions that are driven, sent to and answered at once. */
const AT_ONCE = 128;

const input = {
  "~standard": {
    version: 1,
    vendor: "bench",
    validate: (value) => ({ value }),
    jsonSchema: { input: () => ({}), output: () => ({}) },
  },
};
const ended = new Set();
const model = {
  id: "bench/model",
  async call({ messages }) {
    const answered = messages.some(({ role }) => role === "assistant");
    if (answered) ended.add(messages[0].parts[0].text);
    const part = answered
      ? { type: "text", text: "Done." }
      : { type: "tool_call", callId: "c1", name: "work", input: {} };
    const terminalReason = answered ? "stop" : "tool_use";
    return { ok: true, answer: { parts: [part], terminalReason, usage: NO_USAGE, model: "bench/model" } };
  },
};
const work = tool({ description: "Works", input, onCrash: "retry", execute: () => ({ done: true }) });
const store = postgresStore({ url });
const approvals = { work: () => true };
const secret = process.env.BENCH_SECRET;
const host = createHost({ store, secret, model, tools: { work }, approvals, concurrency: AT_ONCE });
await host.start();

async function forAll(run) {
  for (let from = 0; from < count; from += AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, i) => run(from + i)));
  }
}

async function until(isDone) {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 50));
}

async function memory() {
  for (let i = 0; i < 5; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { rss, heapUsed };
}

// What the first turn loads is not what a wait costs.
await host.session("first").send("first");
await until(async () => (await host.waits.list()).length === 1);
const before = await memory();
await forAll((n) => host.session(`s${n}`).send(`input ${n}`));
for (let n = 0; n < count; n++) await until(async () => (await store.sessions.load(`s${n}`)).parked);
const after = await memory();

await forAll(async (n) => {
  const [wait] = await host.waits.list({ sessionId: `s${n}` });
  await host.waits.answer(wait.id, { decision: "approve" }, { by: "bench" });
});
await until(async () => ended.size === count);
process.send({ before, after, resumed: ended.size });
await host.stop();
await store.close();
process.disconnect();
