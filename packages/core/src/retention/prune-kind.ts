/**
 * What can be deleted by age.
 * - `text`: streamed text of turns that have ended; a `pruned` row stands for it.
 * - `turns`: the log of turns that have ended, but for its last row (D8). Transcript, inputs and receipts stay, so the session goes on and
 *   its chain verifies; the turn cannot be replayed, forked or exported any more. A turn that an unpruned fork came from stays.
 * - `waits`: await-events that were resolved, unless their turn is open; approvals and their receipts stay with their session.
 * - `tasks`: background tasks that have ended, with their logs.
 * - `jobs`: jobs of the job protocol that have ended, with their logs.
 * - `attachments`: content that no log, message or input refers to. Never what was put since the oldest open turn began: its row may be
 *   on its way.
 * - `nodes`: nodes whose lease ran out and that own nothing.
 * - `tokens`: tokens that expired or were revoked. They let nobody in before, and nobody after: what is unknown does not.
 */
export type PruneKind = "text" | "turns" | "waits" | "tasks" | "jobs" | "attachments" | "nodes" | "tokens";

/** In the order in which they are pruned: logs before the attachments that only they need. */
export const PRUNE_KINDS: readonly PruneKind[] = [
  "text",
  "turns",
  "waits",
  "tasks",
  "jobs",
  "attachments",
  "nodes",
  "tokens",
];
