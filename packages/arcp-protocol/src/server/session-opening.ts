import { ArcpError } from "../errors.ts";
import { negotiate } from "../session/features.ts";
import { decideResume, type ResumeRefusal } from "../session/resume-decision.ts";
import { HostedSession } from "./hosted-session.ts";
import type { OpenRequest } from "./open-request.ts";
import type { Runtime } from "./runtime.ts";
import type { SessionKeeper } from "./session-keeper.ts";
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
  readonly #keeper: SessionKeeper;

  constructor(runtime: Runtime, keeper: SessionKeeper) {
    this.#runtime = runtime;
    this.#keeper = keeper;
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
    return this.#keeper.inTurn(request.resume?.sessionId ?? "", () => this.#resume(request, principal));
  }

  async #resume(request: OpenRequest, principal: string): Promise<Opening> {
    const runtime = this.#runtime;
    const { sessionId, resumeToken, lastEventSeq } = request.resume as NonNullable<OpenRequest["resume"]>;
    const stored = await runtime.persistence.sessions.get(sessionId);
    const held = this.#heldStill(sessionId, stored?.epoch);
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
    const session = await this.#keeper.hold(sessionId);
    if (session === undefined) throw this.#refusal("unknown_session", sessionId, principal);
    return await this.#reattach(session, request, lastEventSeq);
  }

  async #reattach(session: HostedSession, request: OpenRequest, lastEventSeq: number): Promise<Opening> {
    const runtime = this.#runtime;
    const resumeToken = this.#mintToken();
    const features = negotiate(runtime.features, request.features);
    const change = { tokenHash: sha256(resumeToken), features, expiresAt: undefined };
    const held = await session.save(change);
    if (!held) {
      this.#keeper.fenced(session.sessionId, session.epoch, undefined);
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

  /** What this process holds, unless another one has claimed it since: then this one's knowledge is old. */
  #heldStill(sessionId: string, epoch: number | undefined): HostedSession | undefined {
    const held = this.#runtime.sessions.get(sessionId);
    if (held === undefined || held.epoch === epoch) return held;
    this.#keeper.fenced(sessionId, held.epoch, undefined);
    return undefined;
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
