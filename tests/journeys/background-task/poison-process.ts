// One worker of the poison journey: a host that says which body it enters, and one of whose bodies kills the whole process. Arguments: the
// database's URL, a node id, the number of that body.
import { writeSync } from "node:fs";
import { backgroundTask, createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { scriptedModel } from "@pawl/testing";
import { z } from "zod";
import { JOURNEY_SECRET } from "../journey-secret.ts";

const [url = "", nodeId = "", poison = ""] = process.argv.slice(2);
const STANDARD_OUTPUT = 1;

const numbered = backgroundTask({
  name: "numbered",
  input: z.object({ n: z.number() }),
  run({ n }, { attempt }) {
    // Written before it returns, whatever happens then.
    writeSync(STANDARD_OUTPUT, `${n}\n`);
    if (n === Number(poison)) process.kill(process.pid, "SIGKILL");
    return attempt;
  },
});

const store = postgresStore({ url, poolSize: 4, acceptDataLoss: true });
const host = createHost({
  secret: JOURNEY_SECRET,
  store,
  model: scriptedModel([]),
  tasks: [numbered],
  nodeId,
});
await host.start();
process.stdin.resume().on("end", () => process.exit(0));
