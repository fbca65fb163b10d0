import type { Cell } from "../cell.ts";
import { arcpCell } from "./arcp.ts";
import { awaitKeysCell } from "./await-keys.ts";
import { durableEffectsCell } from "./durable-effects.ts";
import { machineCell } from "./machine.ts";
import { mcpCacheCell } from "./mcp-cache.ts";
import { replayCell } from "./replay.ts";

/** All cells, in the order in which they run. */
export const cells: readonly Cell[] = [
  machineCell,
  replayCell,
  durableEffectsCell,
  mcpCacheCell,
  awaitKeysCell,
  arcpCell,
];
