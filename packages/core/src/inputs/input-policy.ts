import type { Delivery } from "../ports/inbox.ts";

/** What becomes of queued inputs of the same key when another one comes. */
export type QueueMode = "fifo" | "supersede" | "coalesce";

/** How an input was to be treated when it was accepted. It stays with the input: a later table does not read old work anew. */
export interface InputPolicy {
  readonly version: 1;
  /** `run_start`: it begins a turn of its own. `run_boundary`: it enters the running turn at its next checkpoint. */
  readonly apply: "run_start" | "run_boundary";
  /** `if_idle`: it has its session driven. `interrupt`: it also ends a wait. */
  readonly wake: "if_idle" | "interrupt";
  readonly queue: QueueMode;
  /** When it is consumed. */
  readonly consume: "run_complete";
  /** Whether it becomes part of the transcript. */
  readonly recordTranscript: boolean;
}

const BY_DELIVERY: { readonly [D in Delivery]: Pick<InputPolicy, "apply" | "wake"> } = {
  next: { apply: "run_start", wake: "if_idle" },
  steer: { apply: "run_boundary", wake: "if_idle" },
  interrupt: { apply: "run_boundary", wake: "interrupt" },
};

/** The policy of version 1. */
export function inputPolicy(delivery: Delivery, queue: QueueMode = "fifo"): InputPolicy {
  const { apply, wake } = BY_DELIVERY[delivery];
  return { version: 1, apply, wake, queue, consume: "run_complete", recordTranscript: true };
}
