// A whole worker process that has nothing to do: `node idle-worker URL [small]`. Tells that it is ready, and its memory when asked.
import { createHost } from "@pawl/host";
import { keepMemorySmall } from "@pawl/server/memory";
import { postgresStore } from "@pawl/store-postgres";
import { SECRET } from "./secret.ts";

if (process.argv[3] === "small") keepMemorySmall();
const store = postgresStore({ url: process.argv[2]! });
const model = { id: "bench/model", call: () => Promise.reject(new Error("There is nothing to do.")) };
const host = createHost({ store, model, secret: SECRET });
await host.start();
process.on("message", () => process.send?.(process.memoryUsage.rss()));
process.once("disconnect", async () => {
  await host.stop();
  await store.close();
});
process.send?.("ready");
