// One process of the await-events journey: it mints keys, waits, answers and revokes on the shared database, as it is told on its standard
// input, until it is killed. A line in, a line out, JSON both. Arguments: the database's URL, a schema, `listen` or `poll`.
import { createInterface } from "node:readline";
import { executionScope, PawlError, type Resolution } from "@pawl/core";
import { createAwaitEvents, parseKeyring } from "@pawl/effects";
import { postgresStore } from "@pawl/store-postgres";
import { JOURNEY_SECRET } from "../journey-secret.ts";

/** What is asked for. `run` and `event` together name the await-event. */
export type AwaitRequest = { readonly id: number; readonly run: number; readonly event: number } & (
  | { readonly do: "wait"; readonly deadline: number | null }
  | { readonly do: "stop"; readonly wait: number }
  | { readonly do: "answer"; readonly resolution: Resolution }
  | { readonly do: "revoke" }
  | { readonly do: "sweep" }
);

const [url = "", schema = "", hints = ""] = process.argv.slice(2);
const listening = hints === "listen" ? {} : { listenUrl: false as const };
const store = postgresStore({ url, schema, poolSize: 3, acceptDataLoss: true, ...listening });
await store.open();
const awaits = await createAwaitEvents({ store, keyring: parseKeyring(JOURNEY_SECRET) });
const waits = new Map<number, AbortController>();
const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);

async function perform(request: AwaitRequest): Promise<object> {
  const key = () =>
    awaits.key(executionScope.turn(`s${request.run}`, "turn_1"), {
      type: "custom",
      key: `k${request.event}`,
    });
  switch (request.do) {
    case "wait": {
      const control = new AbortController();
      waits.set(request.id, control);
      const deadline = request.deadline === null ? {} : { deadline: request.deadline };
      return { told: await awaits.wait(await key(), { signal: control.signal, ...deadline }) };
    }
    case "stop":
      waits.get(request.wait)?.abort(new DOMException("stop", "AbortError"));
      return {};
    case "answer":
      return awaits.resolve(await key(), request.resolution);
    case "revoke":
      await awaits.revoke(await key());
      return {};
    case "sweep":
      return store.awaits.settleDue(20);
  }
}

say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as AwaitRequest;
  perform(request).then(
    (result) => say({ id: request.id, ...result }),
    (thrown: unknown) => say({ id: request.id, failed: PawlError.from(thrown).code }),
  );
}
process.exit(0);
