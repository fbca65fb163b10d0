import type { Cell } from "../cell.ts";

/** All cells by name, in the order in which they run. What a cell needs is loaded when it is its turn. */
export const cells: ReadonlyMap<string, () => Promise<Cell>> = new Map([
  ["machine", async () => (await import("./machine.ts")).machineCell],
  ["replay", async () => (await import("./replay.ts")).replayCell],
  ["durable-effects", async () => (await import("./durable-effects.ts")).durableEffectsCell],
  ["mcp-cache", async () => (await import("./mcp-cache.ts")).mcpCacheCell],
  ["await-keys", async () => (await import("./await-keys.ts")).awaitKeysCell],
  ["peers-steps", async () => (await import("./peers-steps.ts")).peersStepsCell],
  ["peers-jobs", async () => (await import("./peers-jobs.ts")).peersJobsCell],
  ["arcp", async () => (await import("./arcp.ts")).arcpCell],
]);
