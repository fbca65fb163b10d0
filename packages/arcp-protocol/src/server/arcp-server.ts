import { systemClock } from "../clock.ts";
import { CredentialKeeper } from "../credentials/credential-keeper.ts";
import { randomIds } from "../envelope/ids.ts";
import { ArcpError } from "../errors.ts";
import { JobRegistry } from "../jobs/job-registry.ts";
import { isTerminal } from "../jobs/job-state.ts";
import { memoryPersistence } from "../persistence/memory-persistence.ts";
import { advertisedFeatures } from "../session/features.ts";
import type { Transport } from "../transports/transport.ts";
import {
  type ArcpServerOptions,
  type AuthenticatedPrincipal,
  defaultRuntimeLimits,
} from "./arcp-server-options.ts";
import { answerCancel, endsOtherwise } from "./cancellation.ts";
import type { ClientRequest } from "./connection-action.ts";
import { EventCommitter } from "./event-committer.ts";
import type { HostedSession } from "./hosted-session.ts";
import { answerListJobs } from "./job-listing.ts";
import type { OpenRequest } from "./open-request.ts";
import { readAgents } from "./read-agents.ts";
import type { AuditEvent, Runtime } from "./runtime.ts";
import { type PeerHost, ServerPeer } from "./server-peer.ts";
import { SessionKeeper } from "./session-keeper.ts";
import { SessionOpening } from "./session-opening.ts";
import { refuseRequest } from "./session-speech.ts";
import { SubmissionDesk } from "./submission.ts";
import { answerSubscribe, answerUnsubscribe } from "./subscription.ts";

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
  readonly #keeper: SessionKeeper;
  readonly #opening: SessionOpening;
  readonly #peers = new Set<ServerPeer>();
  readonly #host: PeerHost;
  #endedJobs = 0;
  #closed = false;

  constructor(options: ArcpServerOptions) {
    this.#options = options;
    this.#runtime = this.#createRuntime(options);
    this.#desk = new SubmissionDesk(this.#runtime);
    this.#keeper = new SessionKeeper(this.#runtime);
    this.#opening = new SessionOpening(this.#runtime, this.#keeper);
    this.#host = {
      open: (request, isAlive) => this.#open(request, isAlive),
      handle: (session, request) => this.#handle(session, request),
      detached: (session) => this.#keeper.detached(session),
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
    const { persistence, runs, credentials } = this.#runtime;
    await this.#keeper.start();
    await credentials?.recover(async (jobId) => {
      if (runs.has(jobId)) return true;
      const record = await persistence.jobs.get(jobId);
      return record !== undefined && !isTerminal(record.state);
    });
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
   * Asks for the end of a job that runs here, for whoever looks after this runtime: as `job.cancel` does for the session that submitted
   * it, which hears of it as the job's end. False when the job does not run here or ends already in another way.
   */
  async cancel(jobId: string, reason?: string): Promise<boolean> {
    const run = this.#runtime.runs.get(jobId);
    if (run === undefined || run.over || endsOtherwise(run)) return false;
    await run.recordCancel(reason);
    // It may have come to its own end while that was being stored.
    if (run.over || endsOtherwise(run)) return false;
    run.cancel(reason);
    return true;
  }

  /**
   * Ends all connections and lets go of all jobs: their signals abort and nothing is written for them any more, so
   * that a process on the same store takes them up where they are.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const peer of [...this.#peers]) peer.shutDown();
    await this.#keeper.close();
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
        refused: (sessionId, epoch, cause) => this.#keeper.fenced(sessionId, epoch, cause),
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
      admit: options.admit?.bind(options),
      observablePrincipals: (principal) => options.observablePrincipals?.(principal) ?? [principal],
      audit,
      jobEnded: (session) => this.#jobEnded(session),
    };
    return runtime;
  }

  async #open(request: OpenRequest, isAlive: () => boolean) {
    const runtime = this.#runtime;
    const authenticated = await this.#authenticate(request);
    const { id: principal, expiresAt } = authenticated;
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
      expiresAt,
      watch: () => authenticated.watch?.(),
      opened: {
        sessionId: session.sessionId,
        features: session.features,
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

  async #authenticate(request: OpenRequest): Promise<AuthenticatedPrincipal> {
    let principal: AuthenticatedPrincipal | undefined;
    try {
      principal = await this.#options.authenticate(request.auth);
    } catch (cause) {
      throw new ArcpError("INTERNAL_ERROR", "the token could not be checked; try again", { cause });
    }
    if (principal === undefined || principal.id === "") {
      this.#runtime.audit({ type: "authentication_failed" });
      throw new ArcpError("UNAUTHENTICATED", "the token is not valid here");
    }
    return principal;
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

  #jobEnded(session: HostedSession): void {
    session.liveJobs -= 1;
    this.#keeper.jobEnded(session);
    this.#endedJobs += 1;
    if (this.#endedJobs % SWEEP_EVERY === 0) this.#runtime.registry.sweepTerminals();
  }
}
