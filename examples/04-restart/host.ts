// One host for all programs of this folder: a worker, a function that is called now and then, a shop.
import { openai } from "@ai-sdk/openai";
import { aiModel } from "@pawl/ai-sdk";
import { postgresStore } from "@pawl/store-postgres";
import { createHost, tool } from "pawl";
import pg from "pg";
import { z } from "zod";

const { DATABASE_URL, PAWL_SECRET = "" } = process.env;
export const pool = new pg.Pool({ connectionString: DATABASE_URL });

/** Slow enough to be killed in the midst of it. It only looks, so it may simply be called again. */
const stock = tool({
  description: "How many are in stock",
  input: z.object({ article: z.string() }),
  onCrash: "retry",
  async execute({ article }, { signal }) {
    console.log(`counting ${article}`);
    await new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, Number(process.env.COUNT_MS ?? 10));
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
    return { article, left: article.length };
  },
});

export const store = postgresStore({ pool });
export const host = createHost({
  store,
  secret: PAWL_SECRET,
  model: aiModel(openai("gpt-5.4-mini")),
  tools: { stock },
});

export async function close(): Promise<void> {
  await host.stop();
  await store.close();
  await pool.end();
}
