import { type Clock, systemClock } from "../clock.ts";
import { CredentialKeeper } from "../credentials/credential-keeper.ts";
import type { CredentialProvisioner } from "../credentials/credential-provisioner.ts";
import { defaultFrameLimits } from "../envelope/frame-limits.ts";
import { type IdSource, randomIds } from "../envelope/ids.ts";
import { ArcpError, ArcpUsageError } from "../errors.ts";
import { type AgentInfo, parseAgentRef } from "../jobs/agent-ref.ts";
import { JobRegistry } from "../jobs/job-registry.ts";
import { defaultResultLimits } from "../jobs/result-stream.ts";
import { DEFAULT_EXPIRY_GRACE_MS } from "../leases/lease-expiry.ts";
import type { Awaitable } from "../persistence/awaitable.ts";
import { memoryPersistence } from "../persistence/memory-persistence.ts";
import type { ArcpPersistence } from "../persistence/persistence.ts";
import { defaultBackpressureLimits } from "../session/backpressure.ts";
import { advertisedFeatures, type Feature, negotiate } from "../session/features.ts";
import type { Transport } from "../transports/transport.ts";
import type { AgentDefinition } from "./agent.ts";
import { answerCancel } from "./cancellation.ts";
import type { ClientRequest } from "./connection.ts";
import { EventCommitter } from "./event-committer.ts";
import type { HostedSession } from "./hosted-session.ts";
import { answerListJobs } from "./job-listing.ts";
import type { OpenRequest } from "./open-request.ts";
import type { AuditEvent, Runtime, RuntimeLimits } from "./runtime.ts";
import { type PeerHost, ServerPeer } from "./server-peer.ts";
import { adoptSession, SessionOpening } from "./session-opening.ts";
import { refuseRequest } from "./session-speech.ts";
import { SubmissionDesk } from "./submission.ts";
import { answerSubscribe, answerUnsubscribe } from "./subscription.ts";

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
};

export interface ArcpServerOptions {
  agents: readonly AgentDefinition[];
  /** Who presents this token; undefined for nobody. May look it up. The id is what jobs and sessions belong to. */
  authenticate(auth: { scheme: string; token: string }): Awaitable<{ id: string } | undefined>;
  runtime?: { name: string; version: string };
  persistence?: ArcpPersistence;
  provisioner?: CredentialProvisioner;
  limits?: Partial<RuntimeLimits>;
  /** Features not to advertise. */
  without?: readonly Feature[];
  /** Whose jobs a principal may list and subscribe to. Its own, unless a deployment decides otherwise (section 14). */
  observablePrincipals?(principal: string): readonly string[] | "all";
  audit?(event: AuditEvent): void;
  clock?: Clock;
  ids?: IdSource;
}

/** Jobs that have ended stay in the registry until this many more have. */
const SWEEP_EVERY = 256;

/**
 * An ARCP runtime: hosts agents and serves any number of transports.
 *
 *     const server = new ArcpServer({ agents, authenticate });
 *     await server.start();
 *     serveWebSocket({ port: 7777, onTransport: (transport) => server.accept(transport) });
 */
export class ArcpServer {
  readonly #options: ArcpServerOptions;
  readonly #runtime: Runtime;
  readonly #desk: SubmissionDesk;
  readonly #opening: SessionOpening;
  readonly #peers = new Set<ServerPeer>();
  readonly #host: PeerHost;
  #endedJobs = 0;
  #closed = false;

  constructor(options: ArcpServerOptions) {
    this.#options = options;
    this.#runtime = this.#createRuntime(options);
    this.#desk = new SubmissionDesk(this.#runtime);
    this.#opening = new SessionOpening(this.#runtime);
    this.#host = {
      open: (request, isAlive) => this.#open(request, isAlive),
      handle: (session, request) => this.#handle(session, request),
      detached: (session) => this.#detached(session),
      gone: (peer) => this.#peers.delete(peer),
    };
  }

  /** The jobs of this process. */
  get registry(): JobRegistry {
    return this.#runtime.registry;
  }

  get connections(): number {
    return this.#peers.size;
  }

  get sessions(): number {
    return this.#runtime.sessions.size;
  }

  /** Takes up what an earlier process left: its unfinished jobs and the credentials that nobody revoked. */
  async start(): Promise<void> {
    const { persistence, sessions, runs, credentials } = this.#runtime;
    for (const { sessionId } of await persistence.jobs.unfinished()) {
      if (sessions.has(sessionId)) continue;
      const session = await adoptSession(this.#runtime, sessionId);
      if (session !== undefined) this.#detached(session);
    }
    await credentials?.recover((jobId) => runs.has(jobId));
  }

  /** Serves one connection. */
  accept(transport: Transport): void {
    if (this.#closed) {
      transport.close(1001, "server shutting down");
      return;
    }
    const peer = new ServerPeer(this.#runtime, transport, this.#host);
    this.#peers.add(peer);
    peer.start();
  }

  /**
   * Ends all connections and lets go of all jobs: their signals abort and nothing is written for them any more, so
   * that a process on the same store takes them up where they are.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const peer of [...this.#peers]) peer.shutDown();
    for (const run of [...this.#runtime.runs.values()]) run.fence();
    for (const session of this.#runtime.sessions.values()) {
      session.stopExpiry?.();
      for (const subscription of session.subscriptions.values()) subscription.end();
    }
    this.#runtime.sessions.clear();
    this.#runtime.credentials?.close();
    await this.#runtime.committer.settled();
  }

  #createRuntime(options: ArcpServerOptions): Runtime {
    const persistence = options.persistence ?? memoryPersistence();
    const clock = options.clock ?? systemClock;
    const audit = (event: AuditEvent) => options.audit?.(event);
    const limits = { ...defaultRuntimeLimits, ...options.limits };
    const { agents, inventory } = readAgents(options.agents);
    const canProvision = options.provisioner !== undefined;
    const runtime: Runtime = {
      persistence,
      clock,
      ids: options.ids ?? randomIds(),
      limits,
      features: advertisedFeatures({ canProvision, without: options.without ?? [] }),
      agents,
      inventory,
      registry: new JobRegistry(),
      committer: new EventCommitter(persistence.events, {
        committed: (delivery) => runtime.sessions.get(delivery.sessionId)?.committed(delivery),
        refused: (sessionIds, cause) => this.#fenced(sessionIds, cause),
      }),
      credentials:
        options.provisioner === undefined
          ? undefined
          : new CredentialKeeper({
              provisioner: options.provisioner,
              store: persistence.credentials,
              clock,
              audit,
            }),
      sessions: new Map(),
      runs: new Map(),
      observablePrincipals: (principal) => options.observablePrincipals?.(principal) ?? [principal],
      audit,
      jobEnded: (session) => this.#jobEnded(session),
    };
    return runtime;
  }

  async #open(request: OpenRequest, isAlive: () => boolean) {
    const runtime = this.#runtime;
    const principal = await this.#authenticate(request);
    // A connection that went away meanwhile must not use up the session's resume token.
    if (!isAlive()) throw new ArcpError("HEARTBEAT_LOST", "the connection was closed");
    const opening =
      request.resume === undefined
        ? await this.#opening.open(request, principal)
        : await this.#opening.resume(request, principal);
    const { session, resumeToken, lastEventSeq } = opening;
    const { heartbeatIntervalMs, resumeWindowMs } = runtime.limits;
    return {
      session,
      lastEventSeq,
      opened: {
        sessionId: session.sessionId,
        features: negotiate(runtime.features, request.features),
        heartbeatIntervalMs,
        welcome: {
          runtime: this.#options.runtime ?? { name: "pawl", version: "1.1.0" },
          resume_token: resumeToken,
          resume_window_sec: resumeWindowMs / 1000,
          heartbeat_interval_sec: heartbeatIntervalMs / 1000,
          capabilities: {
            encodings: ["json"],
            features: [...runtime.features],
            agents: [...runtime.inventory.values()],
          },
        },
      },
    };
  }

  async #authenticate(request: OpenRequest): Promise<string> {
    let principal: { id: string } | undefined;
    try {
      principal = await this.#options.authenticate(request.auth);
    } catch (cause) {
      throw new ArcpError("INTERNAL_ERROR", "the token could not be checked; try again", { cause });
    }
    if (principal === undefined || principal.id === "") {
      this.#runtime.audit({ type: "authentication_failed" });
      throw new ArcpError("UNAUTHENTICATED", "the token is not valid here");
    }
    return principal.id;
  }

  #handle(session: HostedSession, request: ClientRequest): void | Promise<void> {
    const runtime = this.#runtime;
    switch (request.type) {
      case "job.submit":
        return this.#desk.submit(session, request);
      case "job.cancel":
        return answerCancel(runtime, session, request);
      case "job.subscribe":
        return answerSubscribe(runtime, session, request);
      case "job.unsubscribe":
        return answerUnsubscribe(runtime, session, request);
      case "session.list_jobs":
        return answerListJobs(runtime, session, request);
      case "session.ack": {
        const { last_processed_seq } = request.payload;
        if (session.acknowledge(last_processed_seq)) return;
        const error = new ArcpError(
          "INVALID_REQUEST",
          `event ${last_processed_seq} was never sent in this session`,
        );
        refuseRequest(runtime, session, error, request);
      }
    }
  }

  /** P10: the session and its jobs stay; the clock of the resume window begins. */
  #detached(session: HostedSession): void {
    if (this.#closed) return;
    const { clock, limits } = this.#runtime;
    const expiresAt = session.expiresAt ?? clock.now() + limits.resumeWindowMs;
    session.expiresAt = expiresAt;
    session.stopExpiry?.();
    session.stopExpiry = clock.at(expiresAt, () => this.#expire(session));
    void Promise.resolve(session.save({ expiresAt })).catch(() => undefined);
  }

  /** Nobody can resume it any more. Its stream goes once the last of its jobs has ended. */
  #expire(session: HostedSession): void {
    if (session.peer !== undefined) return;
    for (const subscription of [...session.subscriptions.values()]) {
      this.#runtime.runs.get(subscription.jobId)?.subscriptions.delete(subscription);
      subscription.end();
    }
    if (session.liveJobs === 0) this.#forget(session);
  }

  #forget(session: HostedSession): void {
    const { sessions, persistence } = this.#runtime;
    if (sessions.get(session.sessionId) === session) sessions.delete(session.sessionId);
    session.stopExpiry?.();
    void Promise.resolve(persistence.sessions.remove(session.sessionId, session.epoch)).catch(
      () => undefined,
    );
  }

  #jobEnded(session: HostedSession): void {
    session.liveJobs -= 1;
    const { clock, registry } = this.#runtime;
    const expired =
      session.peer === undefined && session.expiresAt !== undefined && session.expiresAt <= clock.now();
    if (session.liveJobs === 0 && expired) this.#forget(session);
    this.#endedJobs += 1;
    if (this.#endedJobs % SWEEP_EVERY === 0) registry.sweepTerminals();
  }

  /** Another process holds these sessions now, or the store has failed: nothing may be said for them from here. */
  #fenced(sessionIds: readonly string[], cause: unknown): void {
    const { sessions, runs } = this.#runtime;
    for (const sessionId of sessionIds) {
      const session = sessions.get(sessionId);
      if (session === undefined) continue;
      this.#runtime.audit({ type: "session_fenced", sessionId, cause });
      sessions.delete(sessionId);
      session.stopExpiry?.();
      for (const run of [...runs.values()]) if (run.session === session) run.fence();
      for (const subscription of [...session.subscriptions.values()]) {
        runs.get(subscription.jobId)?.subscriptions.delete(subscription);
        subscription.end();
      }
      session.peer?.giveUp("fenced");
    }
  }
}

function readAgents(definitions: readonly AgentDefinition[]) {
  const agents = new Map<string, AgentDefinition>();
  const inventory = new Map<string, AgentInfo>();
  for (const definition of definitions) {
    const { name } = definition;
    const versions = Object.keys(definition.versions);
    const valid = versions.every((version) => parseAgentRef(`${name}@${version}`) !== undefined);
    const preferred = definition.default ?? versions.at(-1);
    if (versions.length === 0 || !valid || preferred === undefined || !versions.includes(preferred)) {
      throw new ArcpUsageError(
        "invalid_options",
        `agent "${name}" needs a name of [a-z0-9._-], at least one version of [a-zA-Z0-9.+_-] and a default among them`,
      );
    }
    if (agents.has(name))
      throw new ArcpUsageError("agent_declared_twice", `agent "${name}" is declared twice`);
    agents.set(name, definition);
    inventory.set(name, { name, versions, default: preferred });
  }
  return { agents, inventory };
}
