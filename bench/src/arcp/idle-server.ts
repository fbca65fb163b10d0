// `node --expose-gc idle-server SYSTEM [small]`: a runtime of its own process, which tells its URL, and what it has in memory when asked.
import { keepMemorySmall } from "@pawl/server/memory";
import { openPawlSystem } from "./pawl-system.ts";
import { openReferenceSystem } from "./reference-system.ts";

if (process.argv[3] === "small") keepMemorySmall();
const system = process.argv[2] === "reference" ? await openReferenceSystem() : await openPawlSystem();
if ("reason" in system) throw new Error(system.reason);
process.on("message", async () => {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  process.send?.(process.memoryUsage.rss());
});
process.on("SIGINT", () => undefined);
process.once("disconnect", () => process.exit(0));
process.send?.(system.url);
