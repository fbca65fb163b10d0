// One worker of the background-task journey: a host on the shared database that runs what it gets until it is killed. It says on its
// standard output what it performs, and ends when its standard input does. Arguments: the database's URL, a node id.
import { backgroundTask, createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { scriptedModel } from "@pawl/testing";
import { z } from "zod";
import { JOURNEY_SECRET } from "../journey-secret.ts";

const [url = "", nodeId = ""] = process.argv.slice(2);
const say = (what: string) => void process.stdout.write(`${what}\n`);
const nothingMore = () => new Promise<never>(() => {});

const rerunnable = backgroundTask({
  name: "rerunnable",
  input: z.object({ rows: z.number() }),
  signals: { approve: z.object({ by: z.string() }) },
  async run({ rows }, { step, signals, attempt }) {
    const read = await step("read", () => {
      say("read");
      return rows;
    });
    await step("write", async () => {
      say(`write in attempt ${attempt}`);
      if (attempt === 1) await nothingMore();
      return null;
    });
    const { by } = await signals.next("approve");
    return { read, by };
  },
});
const bound = backgroundTask({
  name: "bound",
  input: z.null(),
  disposition: "owner_bound",
  run() {
    say("bound");
    return nothingMore();
  },
});

const store = postgresStore({ url, poolSize: 4, acceptDataLoss: true });
const host = createHost({
  secret: JOURNEY_SECRET,
  store,
  model: scriptedModel([]),
  tasks: [rerunnable, bound],
  nodeId,
  leaseTtlMs: 2_000,
});
await host.start();
say("ready");
process.stdin.resume().on("end", () => process.exit(0));
