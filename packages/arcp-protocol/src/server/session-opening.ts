import { ArcpError } from "../errors.ts";
import { negotiate } from "../session/features.ts";
import { decideResume, type ResumeRefusal } from "../session/resume-decision.ts";
import { HostedSession } from "./hosted-session.ts";
import { recoverJobs } from "./job-recovery.ts";
import type { OpenRequest } from "./open-request.ts";
import type { Runtime } from "./runtime.ts";
import { sha256 } from "./sha256.ts";

export interface Opening {
  session: HostedSession;
  /** The fresh token; only its hash is kept. */
  resumeToken: string;
  /** The last event that the client has seen. */
  lastEventSeq: number;
}

/**
 * Opens and resumes sessions. Resumes of one session are answered one after the other: a token works once, however
 * many connections present it at the same time.
 */
export class SessionOpening {
  readonly #runtime: Runtime;
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async open(request: OpenRequest, principal: string): Promise<Opening> {
    const runtime = this.#runtime;
    this.#refuseCrowd(principal);
    const resumeToken = this.#mintToken();
    const record = {
      sessionId: runtime.ids.mint("sess"),
      principal,
      tokenHash: sha256(resumeToken),
      features: negotiate(runtime.features, request.features),
      createdAt: runtime.clock.now(),
    };
    const epoch = await runtime.persistence.sessions.create(record);
    const session = new HostedSession({
      ...record,
      epoch,
      lastEventSeq: 0,
      acked: 0,
      expiresAt: undefined,
      events: runtime.persistence.events,
      sessions: runtime.persistence.sessions,
    });
    runtime.sessions.set(session.sessionId, session);
    runtime.audit({ type: "session_opened", sessionId: session.sessionId, principal });
    return { session, resumeToken, lastEventSeq: 0 };
  }

  resume(request: OpenRequest, principal: string): Promise<Opening> {
    const sessionId = request.resume?.sessionId ?? "";
    const ahead = this.#busy.get(sessionId) ?? Promise.resolve();
    const done = ahead.then(
      () => this.#resume(request, principal),
      () => this.#resume(request, principal),
    );
    this.#busy.set(sessionId, done);
    const forget = () => {
      if (this.#busy.get(sessionId) === done) this.#busy.delete(sessionId);
    };
    done.then(forget, forget);
    return done;
  }

  async #resume(request: OpenRequest, principal: string): Promise<Opening> {
    const runtime = this.#runtime;
    const { sessionId, resumeToken, lastEventSeq } = request.resume as NonNullable<OpenRequest["resume"]>;
    const held = runtime.sessions.get(sessionId);
    const stored = held === undefined ? await runtime.persistence.sessions.get(sessionId) : undefined;
    const known = held ?? stored;
    const rightLog = resumeToken.startsWith(this.#tokenPrefix());
    const verdict = decideResume(
      known === undefined || !rightLog
        ? undefined
        : {
            principal: known.principal,
            tokenHash: known.tokenHash,
            lastEventSeq: held?.sequence.durable ?? stored?.lastEventSeq ?? 0,
            retainedFrom: await runtime.persistence.events.retainedFrom(sessionId),
            expiresAt: known.expiresAt,
          },
      { principal, tokenHash: sha256(resumeToken), lastEventSeq, now: runtime.clock.now() },
    );
    if (verdict !== "resume") throw this.#refusal(verdict, sessionId, principal);
    const session = held ?? (await this.#takeOver(sessionId, principal));
    return await this.#reattach(session, request, lastEventSeq);
  }

  async #reattach(session: HostedSession, request: OpenRequest, lastEventSeq: number): Promise<Opening> {
    const runtime = this.#runtime;
    const resumeToken = this.#mintToken();
    const features = negotiate(runtime.features, request.features);
    const change = { tokenHash: sha256(resumeToken), features, expiresAt: undefined };
    const held = await session.save(change);
    if (!held) {
      runtime.committer.refuse([session.sessionId]);
      throw this.#refusal("stale_token", session.sessionId, session.principal);
    }
    session.tokenHash = change.tokenHash;
    session.features = new Set(features);
    session.expiresAt = undefined;
    session.stopExpiry?.();
    session.stopExpiry = undefined;
    runtime.audit({ type: "session_resumed", sessionId: session.sessionId, principal: session.principal });
    return { session, resumeToken, lastEventSeq };
  }

  /** Another process held it, or this one before a restart. */
  async #takeOver(sessionId: string, principal: string): Promise<HostedSession> {
    const session = await adoptSession(this.#runtime, sessionId);
    if (session === undefined) throw this.#refusal("unknown_session", sessionId, principal);
    return session;
  }

  #refuseCrowd(principal: string): void {
    const { sessions, limits } = this.#runtime;
    if (sessions.size < limits.sessionsPerPrincipal) return;
    let own = 0;
    for (const session of sessions.values()) if (session.principal === principal) own += 1;
    if (own >= limits.sessionsPerPrincipal) {
      throw new ArcpError(
        "INTERNAL_ERROR",
        `${own} sessions are open for this principal; close some of them`,
      );
    }
  }

  #refusal(reason: ResumeRefusal, sessionId: string, principal: string): ArcpError {
    this.#runtime.audit({ type: "resume_refused", sessionId, principal, reason });
    return new ArcpError(
      "RESUME_WINDOW_EXPIRED",
      "the session cannot be resumed; open a new one and subscribe",
    );
  }

  #mintToken(): string {
    return `${this.#tokenPrefix()}${this.#runtime.ids.secret()}`;
  }

  /** A store that was set back to an older copy has another incarnation, and no token of before fits it. */
  #tokenPrefix(): string {
    return `rt_${this.#runtime.persistence.incarnation}_`;
  }
}

/** Claims a stored session for this process and takes its jobs up again. */
export async function adoptSession(runtime: Runtime, sessionId: string): Promise<HostedSession | undefined> {
  const claimed = await runtime.persistence.sessions.claim(sessionId);
  if (claimed === undefined) return undefined;
  const { events, sessions } = runtime.persistence;
  const session = new HostedSession({ ...claimed, expiresAt: claimed.expiresAt, events, sessions });
  runtime.sessions.set(sessionId, session);
  await recoverJobs(runtime, session);
  return session;
}
