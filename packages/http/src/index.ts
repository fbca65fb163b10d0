// The handler
export {
  createHandler,
  type HandlerOptions,
  type Principal,
  routeOf,
  type StreamPermit,
} from "./create-handler.ts";
export type { HttpErrorCode } from "./errors.ts";
export { type BudgetGrant, grantBudget } from "./grant-budget.ts";
export type { Job, JobCancelled, JobDetails, JobQuery, Jobs } from "./jobs.ts";
export type { Scope } from "./openapi/route-doc.ts";
// The shapes on the wire, for clients: schemas check what came, functions write what goes
export {
  approvalSchema,
  approvalsSchema,
  choiceOf,
  type DecisionBody,
  decidedApprovalSchema,
  type LinkBody,
  linkOptionsOf,
  linkSchema,
  receiptCheckSchema,
  receiptKeySchema,
  receiptSchema,
  type WireApproval,
  type WireDecidedApproval,
  type WireLink,
  type WireReceipt,
  wireApproval,
  wireDecidedApproval,
} from "./wire/approval.ts";
export { attachedSchema, type WireAttached } from "./wire/attached.ts";
export { cancelSchema, type WireCancel, wireCancel } from "./wire/cancel.ts";
export {
  deadLetterSchema,
  deadLetterSettledSchema,
  deadLettersSchema,
  type WireDeadLetter,
  type WireDeadLetterSettled,
  wireDeadLetter,
} from "./wire/dead-letter.ts";
export { effectSchema, effectsSchema, type WireEffect, wireEffect } from "./wire/effect.ts";
export { type WireEvent, wireEvent, wireEventSchema } from "./wire/event.ts";
export { type ForkBody, forkBodySchema, forkedSchema, type WireForked } from "./wire/fork.ts";
export { type GrantBody, grantBodySchema, grantOf } from "./wire/grant.ts";
export {
  acceptedSchema,
  type InputBody,
  inputBodySchema,
  inputStatusSchema,
  type WireAccepted,
  type WireInputStatus,
  wireInputStatus,
} from "./wire/input.ts";
export {
  jobCancelledSchema,
  jobDetailsSchema,
  jobSchema,
  jobsSchema,
  type WireJob,
  type WireJobCancelled,
  type WireJobDetails,
  wireJob,
  wireJobCancelled,
  wireJobDetails,
} from "./wire/job.ts";
export { type LimitsBody, limitsBodySchema, limitsOf } from "./wire/limits.ts";
export { messageSchema, type WireMessage, type WirePart, wireMessage } from "./wire/message.ts";
export {
  nodePausedSchema,
  nodeSchema,
  nodesSchema,
  type WireNode,
  type WireNodePaused,
  wireNode,
} from "./wire/node.ts";
export { type WireWaitReason, waitReasonSchema } from "./wire/outcome.ts";
export { replaySchema, type WireReplay, wireReplay } from "./wire/replay.ts";
export {
  turnResultSchema,
  turnSchema,
  type WireTurn,
  type WireTurnResult,
  wireTurn,
  wireTurnResult,
} from "./wire/result.ts";
export {
  erasedSchema,
  pruneBodySchema,
  prunedSchema,
  pruneKindSchema,
  type WireErased,
  type WirePruned,
  wireErased,
  wirePruned,
} from "./wire/retention.ts";
export {
  sessionSchema,
  sessionsSchema,
  sessionWithTranscriptSchema,
  type WireSession,
  wireSession,
} from "./wire/session.ts";
export {
  movedSchema,
  reportOf,
  reportTaskSchema,
  signalledSchema,
  taskResultSchema,
  taskSchema,
  taskSessionReportSchema,
  tasksSchema,
  type WireTask,
  type WireTaskResult,
  type WireTaskSessionReport,
  wireTask,
  wireTaskResult,
} from "./wire/task.ts";
export {
  turnSummarySchema,
  turnsSchema,
  type WireTurnSummary,
  wireTurnSummary,
} from "./wire/turn-summary.ts";
export { type WireUsage, wireUsage } from "./wire/usage.ts";
export { verificationSchema, type WireVerification, wireVerification } from "./wire/verification.ts";
export {
  type AnswerBody,
  answerBodySchema,
  answeredSchema,
  type WireAnswered,
  type WireWait,
  waitAnswerOf,
  waitSchema,
  waitsSchema,
  wireAnswered,
  wireWait,
} from "./wire/wait.ts";
