// One system in a process of its own: `node system-process.ts MODULE URL FOLDER`, asked over IPC.
import type { OpenSystem, System } from "./system.ts";

const [module, url, folder] = process.argv.slice(2) as [string, string, string];
const { open } = (await import(module)) as { open: OpenSystem };

try {
  const system = await open({ url, folder });
  process.on("message", async ({ method, args }: { method: keyof System; args: number[] }) => {
    try {
      const act = system[method] as ((...args: number[]) => Promise<number>) | undefined;
      if (act === undefined) throw new Error(`It has no ${method}.`);
      process.send?.({ value: await act.apply(system, args) });
    } catch (cause) {
      process.send?.({ error: String((cause as Error).stack ?? cause) });
    }
    if (method === "close") process.exit(0);
  });
  // Whoever asked is gone: nothing is worth going on for.
  process.once("disconnect", () => process.exit(0));
  process.send?.({ value: 0 });
} catch (cause) {
  process.send?.({ error: String((cause as Error).stack ?? cause) });
  process.disconnect?.();
}
