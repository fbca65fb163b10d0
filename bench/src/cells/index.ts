import type { Cell } from "../cell.ts";

/** All cells by name, in the order in which they run. What a cell needs is loaded when it is its turn. */
export const cells: ReadonlyMap<string, () => Promise<Cell>> = new Map([
  ["machine", async () => (await import("./machine.ts")).machineCell],
  ["replay", async () => (await import("./replay.ts")).replayCell],
  ["durable-effects", async () => (await import("./durable-effects.ts")).durableEffectsCell],
  ["pick-up", async () => (await import("./pick-up.ts")).pickUpCell],
  ["wake-up", async () => (await import("./wake-up.ts")).wakeUpCell],
  ["jobs", async () => (await import("./jobs.ts")).jobsCell],
  ["growth", async () => (await import("./growth.ts")).growthCell],
  ["idle", async () => (await import("./idle.ts")).idleCell],
  ["parked", async () => (await import("./parked.ts")).parkedCell],
  ["mcp-cache", async () => (await import("./mcp-cache.ts")).mcpCacheCell],
  ["await-keys", async () => (await import("./await-keys.ts")).awaitKeysCell],
  ["peers-steps", async () => (await import("./peers-steps.ts")).peersStepsCell],
  ["peers-jobs", async () => (await import("./peers-jobs.ts")).peersJobsCell],
  ["key-timing", async () => (await import("./key-timing.ts")).keyTimingCell],
  ["arcp", async () => (await import("./arcp.ts")).arcpCell],
  ["arcp-durable", async () => (await import("./arcp-durable.ts")).arcpDurableCell],
]);
