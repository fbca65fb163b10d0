// A host from parts. Run it: DATABASE_URL=… PAWL_SECRET=… OPENAI_API_KEY=… node host-from-parts.ts "Weather in Oslo?"
import { openai } from "@ai-sdk/openai";
import { aiModel } from "@pawl/ai-sdk";
import { turnIdOfInput } from "@pawl/core";
import type { CommittedTurn } from "@pawl/core/ports";
import { newInput } from "@pawl/effects";
import pg from "pg";
import { compose } from "./compose.ts";

const { DATABASE_URL, PAWL_SECRET = "" } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL });
const { store, runner } = await compose({
  pool,
  model: aiModel(openai("gpt-5.4-mini")),
  secret: PAWL_SECRET,
});

const content = process.argv[2] ?? "Weather in Oslo?";
const { input } = await store.inbox.accept(
  await newInput({ sessionId: "s1", content, idempotencyKey: "k1" }),
);
runner.start();

// A hint may be lost, so one also looks now and then.
const turnId = turnIdOfInput(input.inputId);
const { promise: ended, resolve } = Promise.withResolvers<CommittedTurn>();
const look = async () => {
  const committed = await store.sessions.loadCommitted(turnId);
  if (committed !== null) resolve(committed);
};
const unlisten = store.log.onAppend(input.sessionId, look);
const looking = setInterval(look, 500);
const { outcome } = (await ended).receipt;
console.log(outcome?.status === "completed" ? outcome.text : outcome);

clearInterval(looking);
unlisten();
await runner.stop({ drainMs: 1_000 });
await store.close();
await pool.end();
