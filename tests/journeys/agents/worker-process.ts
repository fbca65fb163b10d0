// One worker of the agents journey: a host on the shared database. Arguments: the database, the node's name, and whether its agent
// may end its work. It ends when its standard input does.
import { agent, callId, type Json, type ModelResult, NO_USAGE, tool } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { createHost } from "@pawl/host";
import { postgresStore } from "@pawl/store-postgres";
import { z } from "zod";
import { JOURNEY_SECRET } from "../journey-secret.ts";

const [url = "", nodeId = "", ends = ""] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);

const call = (id: string, name: string, input: Json) =>
  ({ type: "tool_call", callId: callId(id), name, input }) as const;

/** Works out from the request where it is, so that any node can be asked. */
function modelOf(id: string): Model {
  const answer = (...parts: Extract<ModelResult, { ok: true }>["answer"]["parts"]): ModelResult => ({
    ok: true,
    answer: {
      parts,
      terminalReason: "stop",
      usage: { ...NO_USAGE, modelCalls: 1, inputTokens: 10 },
      model: id,
    },
  });
  return {
    id,
    async call({ messages }) {
      const done = messages.some(({ role }) => role === "tool");
      if (id === "boss") {
        return done
          ? answer({ type: "text", text: "all done" })
          : answer(call("a", "ask_worker", { task: "a" }), call("b", "ask_worker", { task: "b" }));
      }
      return done
        ? answer({ type: "text", text: "worked" })
        : answer(call("w", "work", { on: JSON.stringify(messages[0]?.parts) }));
    },
  };
}

const work = tool({
  description: "Works",
  input: z.object({ on: z.string() }),
  onCrash: "retry",
  execute: async (_input, { idempotencyKey, sessionId }) => {
    say(`work ${sessionId} ${idempotencyKey}`);
    if (ends !== "ends") await new Promise(() => {});
    return "worked";
  },
});
const worker = agent({ name: "worker", model: "worker" });
const boss = agent({ name: "boss", model: "boss", delegates: [worker], limits: { maxTokens: 1_000 } });

const store = postgresStore({ url, poolSize: 4, acceptDataLoss: true });
const host = createHost({
  store,
  model: (name = "boss") => modelOf(name),
  agents: [boss],
  tools: { work },
  nodeId,
  secret: JOURNEY_SECRET,
  leaseTtlMs: 3_000,
});
process.stdin.resume().once("end", () => process.exit(1));
await host.start();
say("ready");
