export type { Attachment, Attachments, StoredAttachment } from "./attachments.ts";
export type {
  AwaitEventMatch,
  AwaitEventRecord,
  AwaitEventRows,
  NewAwaitEvent,
  ResolveResult,
} from "./await-events.ts";
export type { Clock, NewId } from "./clock.ts";
export type {
  Accepted,
  ClaimWithInput,
  Delivery,
  Inbox,
  InputContent,
  InputRecord,
  NewInput,
} from "./inbox.ts";
export type {
  JobDelivery,
  JobEvent,
  JobQuery,
  JobRecord,
  JobSession,
  Jobs,
  NewJob,
  NewJobSession,
  RefusedJobSession,
} from "./jobs.ts";
export type {
  Backlog,
  ClaimRequest,
  EndedTurn,
  Fence,
  Leases,
  NextTurn,
  NodeLease,
  NodeRecord,
  Release,
  SessionClaim,
} from "./leases.ts";
export type { Log, LogQuery } from "./log.ts";
export type { Logger } from "./logger.ts";
export type { Model, ModelCallContext } from "./model.ts";
export type { Operation, OperationCheck, OperationVerdict } from "./operation-check.ts";
export type { Outbox, OutboxItem, OutboxRecord } from "./outbox.ts";
export type {
  ClaimProcesses,
  ClaimRegistered,
  ProcessAppend,
  ProcessAppended,
  ProcessClaim,
  Processes,
  ProcessFence,
  ProcessListener,
  ProcessQuery,
} from "./processes.ts";
export type { ErasedSession, EraseStep, PruneRequest, Retention } from "./retention.ts";
export type {
  Boundary,
  CancelRequest,
  CommitResult,
  CommittedTurn,
  NewTurn,
  SessionCounts,
  SessionRecord,
  SessionSnapshot,
  Sessions,
} from "./sessions.ts";
export type { Secrets, Store } from "./store.ts";
export type { StoreTime, TimeBounds } from "./store-time.ts";
export type { NewToken, TokenGrant, TokenRecord, Tokens } from "./tokens.ts";
export type {
  OpenToolboxOptions,
  PendingOutcome,
  Reconciliation,
  Toolbox,
  ToolContext,
  ToolInvocation,
  ToolProvider,
} from "./tools.ts";
