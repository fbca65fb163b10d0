import { openWorker } from "./graphile-worker.ts";
import type { OpenSystem } from "./system.ts";

/** graphile-worker with its local queue and batched completion. */
export const open: OpenSystem = ({ url }) => openWorker(url, true);
