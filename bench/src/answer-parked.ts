// `node answer-parked.ts <url> <count>`: approves what the sessions of `parked-sessions` wait for, as a process that drives nothing.
import { createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { SECRET } from "./secret.ts";

const [url = "", count] = [process.argv[2], Number(process.argv[3])];
/** Answers that are on their way at once. */
const AT_ONCE = 32;

const store = postgresStore({ url });
const model = { id: "bench/model", call: () => Promise.reject(new Error("This process drives nothing.")) };
const host = createHost({ store, secret: SECRET, model });

let next = 0;
async function answerSome(): Promise<void> {
  while (next < count) {
    const session = `s${next++}`;
    const [wait] = await host.waits.list({ sessionId: session });
    if (wait === undefined) throw new Error(`Session ${session} waits for nothing.`);
    const { status } = await host.waits.answer(wait.id, { decision: "approve" }, { by: "bench" });
    if (status !== "accepted") throw new Error(`The answer to ${session} was not taken: ${status}.`);
  }
}

await store.open();
await Promise.all(Array.from({ length: AT_ONCE }, answerSome));
await host.stop();
await store.close();
process.disconnect?.();
