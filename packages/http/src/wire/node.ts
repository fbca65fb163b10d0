import type { NodeRecord } from "@pawl/core/ports";
import { z } from "zod";

export const nodeSchema = z.object({
  node_id: z.string(),
  /** Its lease holds now. */
  alive: z.boolean(),
  /** It begins with nothing new. */
  paused: z.boolean(),
  /** How many sessions it drives now. */
  sessions: z.number(),
  /** When it was started last, milliseconds since the epoch. */
  opened_at: z.number(),
});

export const nodesSchema = z.object({ nodes: z.array(nodeSchema) });

export const nodePausedSchema = z.object({ node_id: z.string(), paused: z.boolean() });

export type WireNode = z.infer<typeof nodeSchema>;
export type WireNodePaused = z.infer<typeof nodePausedSchema>;

export function wireNode({ nodeId, alive, paused, sessions, openedAt }: NodeRecord): WireNode {
  return { node_id: nodeId, alive, paused, sessions, opened_at: openedAt };
}
