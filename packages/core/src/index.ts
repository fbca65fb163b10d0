// Defining tools and agents

// Conversation
export {
  type AssistantMessage,
  type Message,
  type ToolMessage,
  textOf,
  type UserMessage,
} from "./conversation/message.ts";
export {
  type ModelAnswer,
  type ModelFailure,
  type ModelRequest,
  TERMINAL_REASONS,
  type TerminalReason,
} from "./conversation/model.ts";
export type {
  AnswerPart,
  FilePart,
  InputPart,
  Part,
  ProviderFacts,
  ReasoningPart,
  StructuredPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  ToolResultStatus,
} from "./conversation/part.ts";
export type { DelegateFacts, OnCrash, ToolDefinition, ToolHints } from "./conversation/tool-definition.ts";
export { addUsage, NO_USAGE, type Usage } from "./conversation/usage.ts";
export { type Agent, type AgentSpec, agent } from "./define/agent.ts";
export { type Delegate, type DelegateOptions, delegateTo } from "./define/delegate.ts";
export { agentRef, checkAgents, findAgent } from "./define/find-agent.ts";
export type { PendingCall, PendingLaunch, PendingOptions } from "./define/pending-call.ts";
export { type InferSchema, jsonSchemaOf, type Schema, type Validated, validate } from "./define/schema.ts";
export {
  type AnyTool,
  TOOL_NAME,
  type Tool,
  type ToolRun,
  type ToolSet,
  type ToolSpec,
  tool,
} from "./define/tool.ts";
export { toolOutput } from "./define/tool-output.ts";
// Effects: the vocabulary
export {
  type AwaitEventCommand,
  type CheckpointCommand,
  type CheckpointKind,
  type CommandOf,
  type DirectModelCallCommand,
  type DurableStepCommand,
  type EffectCommand,
  type EffectKind,
  type ExecCodeCommand,
  type ModelCallCommand,
  mustMatch,
  type PeekAwaitEventCommand,
  type ProcessCommand,
  type ProcessEffectCommand,
  type ProcessOperation,
  type SleepCommand,
  type SyncEnvironmentCommand,
  type ToolCallCommand,
  type WaitReason,
} from "./effects/command.ts";
export { type Cause, createEnvelope, type EffectEnvelope } from "./effects/envelope.ts";
export type {
  CancelCertainty,
  ChildEnd,
  ChildTurn,
  EffectOutcome,
  LeftMessage,
  ModelCallOutcome,
  ModelResult,
  OutcomeOf,
  ProcessResult,
  ProcessSessionReport,
  Reserved,
  SteeredInput,
  SyncedEnvironment,
  ToolCallOutcome,
  ToolLaunch,
  ToolOutcome,
} from "./effects/outcome.ts";
export { childEffectId, positionalEffectId, replayKey } from "./effects/replay-key.ts";
export {
  type ExecutionScope,
  executionScope,
  scopeId,
  scopeSessionId,
  scopeTurnId,
  validatesTurnTraceId,
} from "./effects/scope.ts";
export { attachmentRef, MAX_ATTACHMENT_BYTES } from "./encoding/attachment-ref.ts";
// Encoding, ids, errors
export { canonicalJson } from "./encoding/canonical-json.ts";
export { type BytesDigest, type JsonDigest, loadBytesDigest, loadJsonDigest } from "./encoding/digest.ts";
export {
  type Blame,
  type ErrorFacts,
  errorFacts,
  isPawlError,
  PawlError,
  type PawlErrorOptions,
} from "./errors.ts";
export {
  type CallId,
  callId,
  type EffectId,
  effectId,
  type Id,
  type InputId,
  inputId,
  inputIdsOfTurn,
  type JobId,
  type JobSessionId,
  jobId,
  jobSessionId,
  MAX_ID_LENGTH,
  MAX_INPUT_ID_LENGTH,
  MAX_KEY_LENGTH,
  type NodeId,
  nodeId,
  type ProcessId,
  processId,
  type SessionId,
  sessionId,
  type TurnId,
  turnId,
  turnIdOfInput,
} from "./ids.ts";
// Inputs, receipts and the log: the tables and shapes that every store shares
export {
  type AbandonReason,
  belongsToRun,
  checkInputUpsert,
  type InputDurability,
  type InputLedgerEntry,
  type InputOutcome,
  type InputTransition,
  inputStateOf,
  isSameInputState,
  type NewInputState,
  type ReconstructionSource,
} from "./inputs/input-ledger.ts";
export { type InputPolicy, inputPolicy, type QueueMode } from "./inputs/input-policy.ts";
export {
  checkInputTransition,
  INPUT_TRANSITIONS,
  type InputState,
  isTerminalInput,
} from "./inputs/input-state.ts";
export {
  type BoundaryKind,
  type CommitReceipt,
  mintReceipt,
  type ReceiptFacts,
  verifyReceipt,
} from "./inputs/receipt.ts";
export {
  acceptsInputs,
  checkRuntimeTransition,
  drivesTurns,
  RUNTIME_TRANSITIONS,
  type RuntimeState,
} from "./inputs/runtime-state.ts";
// Jobs of the job protocol
export {
  batchWithout,
  fallsWith,
  type JobBatch,
  type NewJobDelivery,
  oneChangeAJob,
} from "./jobs/job-batch.ts";
export type { Json, JsonObject } from "./json.ts";
export { type EventCursor, formatEventCursor, parseEventCursor } from "./log/event-cursor.ts";
export { LOG_VERSION, type LogBody, type LogRow } from "./log/log-row.ts";
export {
  eventsOfRow,
  parseEventId,
  type TurnEvent,
  type TurnEventBody,
  type TurnEventType,
} from "./log/turn-event.ts";
// Background tasks
export { applyProcessEvent, foldProcess, type ProcessRecord, type ProcessStatus } from "./processes/fold.ts";
export {
  type AbandonEvidence,
  isProcessEnd,
  PROCESS_VERSION,
  type ProcessEnd,
  type ProcessEvent,
  type ProcessEventBody,
  type ProcessEventOf,
  type ProcessEventType,
  type ProcessOwner,
  type ProcessRegistration,
  type RecoveryDisposition,
  type SignalDeclaration,
  tellsOthers,
  type WakeTarget,
  wakesTarget,
} from "./processes/process-event.ts";
export {
  decideProcessEvent,
  isEnteredAtClaim,
  type ProcessAppendPlan,
  type ProcessDecision,
  planProcessAppend,
} from "./processes/process-table.ts";
// Retention
export { attachmentRefsIn } from "./retention/attachment-refs.ts";
export { PRUNE_KINDS, type PruneKind } from "./retention/prune-kind.ts";
export { tombstoneOf } from "./retention/tombstone.ts";
// Owners of sessions
export {
  ownedSessionId,
  ownerOfSession,
  type SessionOwner,
  sessionBeside,
  sessionName,
  sessionPrefix,
} from "./session-owner.ts";
// The turn machine
export { type ChildIds, childIds } from "./turn/child-ids.ts";
export { BEHAVIOUR, type Grant, isGranted, type TurnConfig } from "./turn/config.ts";
export type { MachineEvent, RefusalCode } from "./turn/event.ts";
export { type AgentStep, type InputName, inputName, type ParentTurn, type TurnInput } from "./turn/input.ts";
export {
  DEFAULT_LIMITS,
  DEFAULT_MAX_CHILDREN,
  DEFAULT_MAX_DEPTH,
  LAST_ANSWER_MS,
  type LimitFacts,
  type LimitName,
  limitReached,
  type TurnLimits,
} from "./turn/limits.ts";
export type { MachineEffect, Move, TurnMachine } from "./turn/move.ts";
export type { CancelEvidence, TurnOutcome } from "./turn/outcome.ts";
export { standard } from "./turn/protocols/standard.ts";
export type { NextAction, TurnAction, TurnProtocol, TurnView } from "./turn/protocols/turn-protocol.ts";
export {
  type AfterCheckpoint,
  type CallSlot,
  type DelegatedCall,
  initialState,
  openCalls,
  outstandingEffects,
  type Phase,
  type PhaseName,
  reservedForAgents,
  type SlotWait,
  type TurnState,
} from "./turn/state.ts";
export { type StepReport, type StepResult, step } from "./turn/step.ts";
export {
  CANCEL_GRACE_MS,
  dueTimer,
  LIMIT_GRACE_MS,
  nextDeadline,
  type TimerName,
  type Timers,
} from "./turn/timers.ts";
export { legalTransition, TRANSITIONS, type Transition } from "./turn/transitions.ts";
// Waits
export { type ApprovalDecision, type DecidedApproval, readApproval } from "./waits/approval-decision.ts";
export {
  type AwaitEventFacts,
  decideResolve,
  type ResolveDecision,
  type ResolvedBy,
} from "./waits/await-event-table.ts";
export { awaitEventKeyId, isControlWait, isInnerWait, promiseKey } from "./waits/key-identity.ts";
export { checkWaitIdentity, type Resolution, type WaitIdentity } from "./waits/wait-identity.ts";
