import type { Clock } from "../clock.ts";
import type { CredentialAudit, CredentialKeeper } from "../credentials/credential-keeper.ts";
import type { FrameLimits } from "../envelope/frame-limits.ts";
import type { IdSource } from "../envelope/ids.ts";
import type { AgentInfo } from "../jobs/agent-ref.ts";
import type { JobRegistry } from "../jobs/job-registry.ts";
import type { ResultLimits } from "../jobs/result-stream.ts";
import type { Awaitable } from "../persistence/awaitable.ts";
import type { ArcpPersistence } from "../persistence/persistence.ts";
import type { BackpressureLimits } from "../session/backpressure.ts";
import type { Feature } from "../session/features.ts";
import type { ResumeRefusal } from "../session/resume-decision.ts";
import type { AgentDefinition } from "./agent.ts";
import type { EventCommitter } from "./event-committer.ts";
import type { HostedSession } from "./hosted-session.ts";
import type { JobRun } from "./job-run.ts";

/** All numbers of the runtime that a deployment may want to change. */
export interface RuntimeLimits {
  frame: FrameLimits;
  result: ResultLimits;
  backpressure: BackpressureLimits;
  helloTimeoutMs: number;
  heartbeatIntervalMs: number;
  resumeWindowMs: number;
  /** From asking a job to stop to ending it without its consent. */
  cancelGraceMs: number;
  /** From a lease's expiry to ending its job. */
  expiryGraceMs: number;
  jobsPerSession: number;
  sessionsPerPrincipal: number;
  delegationDepth: number;
  /** How long a reader may take nothing at all, and hold up the agents of its own session, before it is dropped. */
  maxThrottleMs: number;
  /** How often sessions are looked for whose process is gone, where several share a store. */
  orphanPollMs: number;
}

/** Things that somebody may want to read later. Contains no secrets and no payloads. */
export type AuditEvent =
  | CredentialAudit
  | { type: "session_opened" | "session_resumed"; sessionId: string; principal: string }
  | { type: "resume_refused"; sessionId: string; principal: string; reason: ResumeRefusal }
  | { type: "authentication_failed" }
  | { type: "subscribe"; subscriber: string; jobId: string; owner: string | undefined; allowed: boolean }
  | { type: "lease_expired"; jobId: string }
  | { type: "session_fenced"; sessionId: string; cause: unknown };

/** What the parts of one runtime share. */
export interface Runtime {
  readonly persistence: ArcpPersistence;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: RuntimeLimits;
  readonly features: readonly Feature[];
  readonly agents: ReadonlyMap<string, AgentDefinition>;
  readonly inventory: ReadonlyMap<string, AgentInfo>;
  readonly registry: JobRegistry;
  readonly committer: EventCommitter;
  readonly credentials: CredentialKeeper | undefined;
  readonly sessions: Map<string, HostedSession>;
  readonly runs: Map<string, JobRun>;
  /** Asked before each submission of a principal; what it throws refuses it. Undefined: all are let in. */
  readonly admit: ((principal: string) => Awaitable<void>) | undefined;
  /** Whose jobs a principal may observe. */
  observablePrincipals(principal: string): readonly string[] | "all";
  audit(event: AuditEvent): void;
  /** A job of this session has ended. */
  jobEnded(session: HostedSession): void;
}
