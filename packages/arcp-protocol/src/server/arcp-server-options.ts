import type { Clock } from "../clock.ts";
import type { CredentialProvisioner } from "../credentials/credential-provisioner.ts";
import { defaultFrameLimits } from "../envelope/frame-limits.ts";
import type { IdSource } from "../envelope/ids.ts";
import { defaultResultLimits } from "../jobs/result-stream.ts";
import { DEFAULT_EXPIRY_GRACE_MS } from "../leases/lease-expiry.ts";
import type { Awaitable } from "../persistence/awaitable.ts";
import type { ArcpPersistence } from "../persistence/persistence.ts";
import { defaultBackpressureLimits } from "../session/backpressure.ts";
import type { Feature } from "../session/features.ts";
import type { AgentDefinition } from "./agent.ts";
import type { AuditEvent, RuntimeLimits } from "./runtime.ts";

export const defaultRuntimeLimits: RuntimeLimits = {
  frame: defaultFrameLimits,
  result: defaultResultLimits,
  backpressure: defaultBackpressureLimits,
  helloTimeoutMs: 10_000,
  heartbeatIntervalMs: 30_000,
  resumeWindowMs: 600_000,
  cancelGraceMs: 1000,
  expiryGraceMs: DEFAULT_EXPIRY_GRACE_MS,
  jobsPerSession: 1000,
  sessionsPerPrincipal: 20_000,
  delegationDepth: 16,
  maxThrottleMs: 30_000,
  orphanPollMs: 1000,
};

export interface AuthenticatedPrincipal {
  id: string;
  /** When the token ends, milliseconds since the epoch: a connection that was opened with it ends then too. */
  expiresAt?: number;
  /** Asked for each connection that is opened with the token: the connection ends when `signal` aborts, because the token was revoked. */
  watch?(): TokenWatch;
}

/** For as long as a connection is open; `release` when it is not. */
export interface TokenWatch {
  readonly signal: AbortSignal;
  release(): void;
}

export interface ArcpServerOptions {
  agents: readonly AgentDefinition[];
  /** Who presents this token; undefined for nobody. May look it up. The id is what jobs and sessions belong to. */
  authenticate(auth: { scheme: string; token: string }): Awaitable<AuthenticatedPrincipal | undefined>;
  runtime?: { name: string; version: string };
  persistence?: ArcpPersistence;
  provisioner?: CredentialProvisioner;
  limits?: Partial<RuntimeLimits>;
  /** Features not to advertise. */
  without?: readonly Feature[];
  /**
   * Asked before each job.submit of a principal, also one that repeats an idempotency key: for rate limits. An ArcpError that it throws is
   * the refusal; anything else is refused as INTERNAL_ERROR, which may be tried again.
   */
  admit?(principal: string): Awaitable<void>;
  /** Whose jobs a principal may list and subscribe to. Its own, unless a deployment decides otherwise (section 14). */
  observablePrincipals?(principal: string): readonly string[] | "all";
  audit?(event: AuditEvent): void;
  clock?: Clock;
  ids?: IdSource;
}
