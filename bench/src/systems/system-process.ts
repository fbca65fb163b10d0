// One system in a process of its own: `node system-process MODULE URL FOLDER ROLE`, asked over IPC.
import type { OpenSystem, Role, System } from "./system.ts";

const [module, url, folder, role] = process.argv.slice(2) as [string, string, string, Role];
const { open } = (await import(module)) as { open: OpenSystem };

try {
  const system = await open({ url, folder, role });
  process.on("message", async ({ method, args }: { method: keyof System; args: unknown[] }) => {
    try {
      process.send?.({ value: await answer(system, method, args) });
    } catch (cause) {
      process.send?.({ error: String((cause as Error).stack ?? cause) });
    }
    if (method === "close") process.exit(0);
  });
  process.send?.({});
} catch (cause) {
  process.send?.({ error: String((cause as Error).stack ?? cause) });
  process.disconnect?.();
}
// The terminal's interrupt is for whoever started this, who asks it to close. When that one is gone nothing is worth going on for.
process.on("SIGINT", () => undefined);
process.once("disconnect", () => process.exit(0));

function answer(system: System, method: keyof System | "residentBytes", args: unknown[]): unknown {
  if (method === "residentBytes") return process.memoryUsage.rss();
  const act = system[method] as ((...args: unknown[]) => Promise<unknown>) | undefined;
  if (act === undefined) throw new Error(`It has no ${method}.`);
  return act.apply(system, args);
}
