import type {
  AgentStep,
  CancelEvidence,
  CommitReceipt,
  SessionId,
  TurnId,
  TurnOutcome,
  Usage,
  WaitReason,
} from "@pawl/core";
import type { OutboxRecord } from "@pawl/core/ports";

interface ResultFacts {
  readonly turnId: TurnId;
  readonly sessionId: SessionId;
}

interface EndedFacts extends ResultFacts {
  readonly usage: Usage;
  readonly receipt: CommitReceipt;
}

export interface OpenWait {
  /** Of the await-event; see `Host.waits`. */
  readonly id: string;
  readonly reason: WaitReason;
  /** Set where an agent waits that works for this turn: the steps down to it. */
  readonly path?: readonly AgentStep[];
  /** Set where it is another turn that waits: one of the same session, which comes first. */
  readonly behind?: TurnId;
}

type Completed = Extract<TurnOutcome, { status: "completed" }>;

/** How a turn stands when it does not move any more. A union by `status`. `Output` is what its answer was asked to be, if anything. */
export type TurnResult<Output = never> =
  | (EndedFacts &
      ([Output] extends [never] ? Completed : Omit<Completed, "output"> & { readonly output: Output }))
  | (EndedFacts & Extract<TurnOutcome, { status: "failed" }>)
  | (EndedFacts & { readonly status: "cancelled"; readonly evidence: CancelEvidence })
  | (ResultFacts & { readonly status: "waiting"; readonly waits: readonly OpenWait[] })
  | (ResultFacts & { readonly status: "blocked"; readonly code: string; readonly message: string });

export interface TurnExplanation {
  readonly turnId: TurnId;
  readonly state: "queued" | "running" | TurnResult["status"];
  /** In one or two sentences. */
  readonly why: string;
  /** What helps, as a sentence; absent when there is nothing to do. */
  readonly advice?: string;
  /** Once it does not move any more. */
  readonly result?: TurnResult;
  /** What followed from its commit and could not be delivered; absent when there is none. `Host.deadLetters` settles them. */
  readonly deadLetters?: readonly OutboxRecord[];
}
