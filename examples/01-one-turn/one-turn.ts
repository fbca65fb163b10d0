// One turn with two tools. Run it: OPENAI_API_KEY=… node one-turn.ts "Weather in Oslo?"
import { openai } from "@ai-sdk/openai";
import { aiModel } from "@pawl/ai-sdk";
import { createHost, memoryStore } from "pawl";
import { refund, weather } from "./tools.ts";

const host = createHost({
  store: memoryStore(),
  model: aiModel(openai("gpt-5.4-mini")),
  tools: { weather, refund },
});
const turn = await host.session("s1").send(process.argv[2] ?? "Weather in Oslo?");
const result = await turn.result();
if (result.status === "completed") console.log(result.text);
else console.error(result.status, "message" in result ? result.message : "");
