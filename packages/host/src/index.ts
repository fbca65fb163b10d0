export { jsonSchema } from "@pawl/effects";
export type { ApprovalReceipt } from "@pawl/effects/await-events";
export { defineProcess as backgroundTask, type ProcessContext as TaskContext } from "@pawl/effects/processes";
export type { ReplayReport, TurnRecord } from "@pawl/effects/turn-driver";
export type { ApprovalLink, LinkOptions } from "./approval-links.ts";
export type { Approval, DecisionFacts } from "./approval-view.ts";
export type { ApprovalAnswer, ApprovalChoice, Approvals, DecideOptions } from "./approvals.ts";
export { createHost } from "./create-host.ts";
export { createDeadLetters, type DeadLetters } from "./dead-letters.ts";
export type { EraseOptions } from "./erase-session.ts";
export type { ArgumentDifference } from "./errors.ts";
export { externalTask, type StartableTask } from "./external-task.ts";
export type { Host, HostView } from "./host.ts";
export type { ApprovalPolicies, HostOptions } from "./host-options.ts";
export type { Nodes } from "./nodes.ts";
export type { EndedTurn, HostObserver, ObservedEffect, ObservedTurn } from "./observer.ts";
export type { OutboxHandler, OutboxHandlers, OutboxMessage } from "./outbox-messages.ts";
export type { PruneOptions, PruneReport } from "./prune.ts";
export type { NewFilePart, SendContent, SendOptions } from "./send-options.ts";
export type { EventOptions, Session } from "./session-handle.ts";
export type {
  StartTaskOptions,
  TaskRecord,
  TaskReport,
  TaskResult,
  TaskSessionReport,
  Tasks,
} from "./tasks.ts";
export type { TurnEffect } from "./turn-effects.ts";
export type { ForkedTurn, ForkTurnOptions, Turn, TurnSummary } from "./turn-handle.ts";
export type { OpenWait, TurnExplanation, TurnResult } from "./turn-result.ts";
export {
  type BrokenLink,
  type SessionFacts,
  type SessionVerification,
  verifyErased,
  verifySession,
} from "./verify-session.ts";
export type { KeyedWait, PendingWait, WaitAnswer, WaitOutcome, Waits } from "./waits.ts";
