// Envelopes

// Authority
export { type Amounts, amountsToStrings, parseAmount, parseAmounts } from "./budgets/amount.ts";
export { BudgetLedger, type Spending } from "./budgets/budget-ledger.ts";
// What is handed in
export { type Clock, systemClock } from "./clock.ts";
export {
  type CredentialAudit,
  CredentialKeeper,
  defaultRevocationPolicy,
  type RevocationPolicy,
} from "./credentials/credential-keeper.ts";
export type {
  CredentialProvisioner,
  CredentialRequest,
  OutstandingCredential,
} from "./credentials/credential-provisioner.ts";
export { type DecodedFrame, decodeFrame } from "./envelope/decode-frame.ts";
export { type EventHead, encodeEnvelope, encodeNumbered } from "./envelope/encode-envelope.ts";
export { ARCP_VERSION, type Envelope, envelopeSchema } from "./envelope/envelope.ts";
export { defaultFrameLimits, type FrameLimits } from "./envelope/frame-limits.ts";
export { countingIds, type IdPrefix, type IdSource, randomIds } from "./envelope/ids.ts";
export { formatTraceparent, parseTraceContext, type TraceContext } from "./envelope/trace-context.ts";
export { formatTimestamp, parseTimestamp, parseUtcTimestamp } from "./envelope/utc-timestamp.ts";
// Errors
export {
  ArcpError,
  ArcpPeerError,
  ArcpUsageError,
  isRetryable,
  isWireErrorCode,
  type PeerErrorCode,
  type UsageErrorCode,
  WIRE_ERROR_CODES,
  type WireErrorCode,
  type WireErrorPayload,
} from "./errors.ts";
// Jobs
export {
  type AgentInfo,
  type AgentRef,
  formatAgentRef,
  parseAgentRef,
  resolveAgent,
} from "./jobs/agent-ref.ts";
export { type AssembledResult, ChunkAssembly } from "./jobs/chunk-assembly.ts";
export { judgeSubmission, submissionFingerprint } from "./jobs/idempotency.ts";
export { type JobEntry, type JobSnapshot, snapshotOf } from "./jobs/job-entry.ts";
export {
  comparePositions,
  type JobPosition,
  type JobQuery,
  matchesQuery,
  pageOf,
  parseJobQuery,
} from "./jobs/job-query.ts";
export { type HardStop, JobRegistry } from "./jobs/job-registry.ts";
export {
  isTerminal,
  JOB_STATES,
  JOB_TRANSITIONS,
  type JobState,
  type Transition,
  transition,
  wireStatus,
} from "./jobs/job-state.ts";
export { defaultResultLimits, type ResultLimits, ResultStream } from "./jobs/result-stream.ts";
export { canonicalPattern, canonicalTarget } from "./leases/canonical-target.ts";
export { CompiledLease, isLeaseNamespace, LEASE_NAMESPACES } from "./leases/compiled-lease.ts";
export { delegateAuthority } from "./leases/delegated-authority.ts";
export { type EffectCheckOptions, type EffectOperation, effectCheck } from "./leases/effect-check.ts";
export { compileGlob, type Glob, matchesGlob } from "./leases/glob.ts";
export { isGlobSubset } from "./leases/glob-subset.ts";
export { hasExpired, parseExpiry } from "./leases/lease-expiry.ts";
export { LeaseGuard } from "./leases/lease-guard.ts";
export type {
  Operation,
  OperationCheck,
  OperationRefusalCode,
  OperationVerdict,
} from "./leases/operation-check.ts";
export {
  EVENT_KINDS,
  type EventBodies,
  eventBodySchemas,
  isKnownEventKind,
  type JobEventPayload,
  type KnownEventKind,
  LOG_LEVELS,
  type LogLevel,
} from "./messages/event-body.ts";
export type { Credential, Lease, LeaseConstraints } from "./messages/lease.ts";
// Messages
export {
  type DecodedMessage,
  decodeMessage,
  isMessageType,
  MESSAGE_TYPES,
  type Message,
  type MessageType,
  messageSchemas,
  type PayloadOf,
} from "./messages/message.ts";
export { JOB_STATUSES, type JobStatus } from "./messages/session-messages.ts";
// Sessions: small rules, each on its own
export { type AckPolicy, type AckState, defaultAckPolicy, nextAck, shouldAck } from "./session/ack-policy.ts";
export { type Arrival, judgeArrival } from "./session/arrival.ts";
export {
  type BackpressureLimits,
  type BackpressureVerdict,
  defaultBackpressureLimits,
  judgeBackpressure,
} from "./session/backpressure.ts";
export { featureRefusal, unnegotiatedFeature } from "./session/feature-gate.ts";
export {
  advertisedFeatures,
  FEATURES,
  type Feature,
  type FeatureSet,
  negotiate,
} from "./session/features.ts";
export { type Heartbeat, judgeHeartbeat, newHeartbeat, nextHeartbeat } from "./session/heartbeat.ts";
export {
  defaultReplayLimits,
  mayEvictOldest,
  type ReplayLimits,
  type Retained,
} from "./session/replay-window.ts";
export {
  decideResume,
  type ResumableSession,
  type ResumeClaim,
  type ResumeRefusal,
} from "./session/resume-decision.ts";
export { acknowledge, allot, type Sequence, sequenceFrom } from "./session/sequence.ts";
export { CLOSE_CODES, type Transport, type TransportHandlers } from "./transports/transport.ts";
