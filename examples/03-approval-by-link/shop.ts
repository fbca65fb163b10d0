// An approval by link. Run it: DATABASE_URL=… PAWL_SECRET=… OPENAI_API_KEY=… node shop.ts, then open the link that it prints.
import { openai } from "@ai-sdk/openai";
import { serve } from "@hono/node-server";
import { aiModel } from "@pawl/ai-sdk";
import { createHandler } from "@pawl/http";
import { postgresStore } from "@pawl/store-postgres";
import { Hono } from "hono";
import { createHost } from "pawl";
import pg from "pg";
import { refund } from "./tools.ts";

const { DATABASE_URL, PAWL_SECRET = "", PORT = "3000" } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL });
const store = postgresStore({ pool });
const host = createHost({
  store,
  secret: PAWL_SECRET,
  publicUrl: () => `http://localhost:${port}/pawl`,
  approvals: { refund: ({ cents }) => cents > 5000 },
  model: aiModel(openai("gpt-5.4-mini")),
  tools: { refund },
});

const app = new Hono();
// Links need no account; everything else under /pawl is for whoever `authorize` knows. Null is answered with 401.
const authorize = (request: Request) =>
  request.headers.get("authorization") === `Bearer ${process.env.SHOP_TOKEN}` ? { name: "shop" } : null;
app.mount("/pawl", createHandler(host, { authorize }));
let port = Number(PORT);
const listening = Promise.withResolvers<void>();
const server = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, (address) => {
  port = address.port;
  listening.resolve();
});
await listening.promise;

const turn = await host.session("s1").send("Refund 80 EUR");
const r = await turn.result();
if (r.status === "waiting" && r.waits[0]) {
  const link = await host.approvals.link(r.waits[0].id, { for: "boss@x.io" });
  console.log(`mail to the boss: ${link.url}`);
}

// Days may pass here, and restarts.
for await (const event of turn.events()) if (event.type === "turn.committed") break;
const done = await turn.result();
console.log(done.status === "completed" ? done.text : done.status);
server.close();
await host.stop();
await store.close();
await pool.end();
