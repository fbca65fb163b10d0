/** What an agent is about to do, as a grant sees it. */
export interface Operation {
  readonly kind: "tool_call" | "model_call" | "exec_code" | "process";
  /** The tool, the model, the language or the process operation. */
  readonly name: string;
  readonly sessionId: string;
  readonly turnId: string;
  /** Integer nano US dollars, where it can be estimated. */
  readonly estimatedNanoUsd?: number;
}

export type OperationVerdict =
  | { readonly allowed: true }
  | { readonly allowed: false; readonly code: string; readonly message: string };

/** What an agent may do. Asked where effects are performed, so that an agent cannot go round it. */
export interface OperationCheck {
  /** `now`: milliseconds since the epoch. */
  check(operation: Operation, now: number): Promise<OperationVerdict>;
}
