// A whole worker process that has nothing to do: `node idle-worker URL [small]`, asked over IPC for its memory.
import { createHost } from "@pawl/host";
import { keepMemorySmall } from "@pawl/server/memory";
import { postgresStore } from "@pawl/store-postgres";
import { answerQuestions } from "./answer-questions.ts";
import { SECRET } from "./secret.ts";

const [url, small] = process.argv.slice(2) as [string, string?];
if (small === "small") keepMemorySmall();

await answerQuestions(async () => {
  const store = postgresStore({ url });
  const model = { id: "bench/model", call: () => Promise.reject(new Error("There is nothing to do.")) };
  const host = createHost({ store, model, secret: SECRET });
  await host.start();
  return {
    residentBytes: () => process.memoryUsage.rss(),
    async close() {
      await host.stop();
      await store.close();
    },
  };
});
