// A long job beside a turn, over a restart. Run it: OPENAI_API_KEY=… node background-task.ts
import { openai } from "@ai-sdk/openai";
import { aiModel } from "@pawl/ai-sdk";
import { createHost, memoryStore } from "pawl";
import { importRows } from "./import-rows.ts";

// With `postgresStore` the two hosts below are two processes, on two machines, a week apart.
const store = memoryStore();
const openHost = () => createHost({ store, model: aiModel(openai("gpt-5.4-mini")), tasks: [importRows] });

const first = openHost();
const { id } = await first.tasks.start(importRows, { file: "orders.csv" }, { session: "s1" });

// A turn of the same session, meanwhile.
const turn = await first.session("s1").send("What does an import do?");
const answer = await turn.result();
if (answer.status === "completed") console.log(answer.text);

await first.stop();
console.log("restarted");
const second = openHost();
await second.start();

for (const task of await second.tasks.list("s1")) console.log("goes on:", task.name);
await second.tasks.signal(id, "approve", { by: "ana" });
const result = await second.tasks.result(id);
if (result.status === "completed") console.log(JSON.stringify(result.output));
else console.error(result.status);
await second.stop();
