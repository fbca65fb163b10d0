import { parseAmounts } from "../budgets/amount.ts";
import { BudgetLedger } from "../budgets/budget-ledger.ts";
import { ArcpError } from "../errors.ts";
import { resolveAgent } from "../jobs/agent-ref.ts";
import { judgeSubmission, submissionFingerprint } from "../jobs/idempotency.ts";
import { CompiledLease } from "../leases/compiled-lease.ts";
import { parseExpiry } from "../leases/lease-expiry.ts";
import { LeaseGuard } from "../leases/lease-guard.ts";
import type { Message } from "../messages/message.ts";
import { type Awaitable, whenDone } from "../persistence/awaitable.ts";
import type { JobRecord } from "../persistence/job-store.ts";
import { credentialRequest } from "./credential-request.ts";
import type { HostedSession } from "./hosted-session.ts";
import { acceptedPayload, newJobRecord, registerJob, startJob } from "./launch.ts";
import type { Runtime } from "./runtime.ts";
import { refuseSubmission, sayToSession } from "./session-speech.ts";
import { sha256 } from "./sha256.ts";
import { subscribeToJob } from "./subscription.ts";

type Submit = Message<"job.submit">;

/** Submissions that are being answered, by principal and key: a second one waits for the first. */
export class SubmissionDesk {
  readonly #runtime: Runtime;
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Answers a `job.submit` with job.accepted or a refusal. Never rejects. */
  submit(session: HostedSession, message: Submit): Awaitable<void> {
    const line = this.#lineOf(session, message);
    const ahead = this.#busy.get(line);
    const done =
      ahead === undefined ? this.#answer(session, message) : ahead.then(() => this.#answer(session, message));
    if (!(done instanceof Promise)) return;
    this.#busy.set(line, done);
    return done.finally(() => {
      if (this.#busy.get(line) === done) this.#busy.delete(line);
    });
  }

  /**
   * Submissions with one key are answered one after the other, so that a race has one winner; so are those of one
   * session with one trace id, because job.accepted has nothing else by which a client could tell them apart.
   */
  #lineOf(session: HostedSession, message: Submit): string {
    const key = message.payload.idempotency_key;
    if (key != null) return JSON.stringify(["key", session.principal, key]);
    return JSON.stringify(["trace", session.sessionId, message.trace_id ?? message.id]);
  }

  #answer(session: HostedSession, message: Submit): Awaitable<void> {
    const refuse = (thrown: unknown) => {
      const request = { id: message.id, traceId: message.trace_id };
      refuseSubmission(this.#runtime, session, ArcpError.from(thrown), request);
    };
    try {
      const admitted = this.#runtime.admit?.(session.principal);
      const done =
        admitted instanceof Promise
          ? admitted.then(() => this.#decide(session, message))
          : this.#decide(session, message);
      return done instanceof Promise ? done.catch(refuse) : done;
    } catch (thrown) {
      refuse(thrown);
    }
  }

  #decide(session: HostedSession, message: Submit): Awaitable<void> {
    const key = message.payload.idempotency_key;
    if (key == null) return this.#accept(session, message, undefined);
    const fingerprint = sha256(submissionFingerprint(message.payload));
    const accept = () => this.#accept(session, message, { key, fingerprint });
    // Storing it finds an earlier one too. Only what is issued before that, or refused, has to be preceded by a look.
    let refusal: unknown;
    if (this.#runtime.credentials === undefined) {
      try {
        return accept();
      } catch (thrown) {
        refusal = thrown;
      }
    }
    const found = this.#runtime.persistence.jobs.findByKey(session.principal, key);
    return whenDone(found, (existing) => {
      if (existing !== undefined) return this.#repeat(session, message, existing, fingerprint);
      if (refusal !== undefined) throw refusal;
      return accept();
    }) as Awaitable<void>;
  }

  /** The same key again: the same answer for the same parameters, a conflict otherwise. */
  #repeat(session: HostedSession, message: Submit, existing: JobRecord, fingerprint: string): void {
    if (judgeSubmission(existing.fingerprint, fingerprint) === "conflict") {
      throw new ArcpError(
        "DUPLICATE_KEY",
        "the idempotency key was used with other parameters; take a new key",
      );
    }
    const credentials = this.#runtime.credentials?.held(existing.jobId);
    sayToSession(this.#runtime, session, "job.accepted", acceptedPayload(existing, credentials), {
      traceId: message.trace_id ?? existing.traceId,
      jobId: existing.jobId,
    });
    // Whoever gets an acceptance waits for the end of the job: another session is shown all of it.
    if (existing.sessionId !== session.sessionId) subscribeToJob(this.#runtime, session, existing, 0);
  }

  #accept(
    session: HostedSession,
    message: Submit,
    idempotency: { key: string; fingerprint: string } | undefined,
  ): Awaitable<void> {
    const runtime = this.#runtime;
    const { payload } = message;
    const agent = resolveAgent(runtime.inventory, payload.agent);
    if (!agent.ok) throw agent.error;
    if (session.liveJobs >= runtime.limits.jobsPerSession) {
      throw new ArcpError(
        "INTERNAL_ERROR",
        `the session runs ${session.liveJobs} jobs already; wait for one to end`,
      );
    }
    const guard = grantLease(payload, runtime.clock.now());
    const record = newJobRecord(runtime, {
      session,
      correlationId: message.id,
      agentName: agent.name,
      agentVersion: agent.version,
      input: payload.input ?? null,
      guard,
      traceId: message.trace_id ?? runtime.ids.traceId(),
      ...(payload.max_runtime_sec == null ? {} : { maxRuntimeMs: payload.max_runtime_sec * 1000 }),
      ...(idempotency === undefined
        ? {}
        : { idempotencyKey: idempotency.key, fingerprint: idempotency.fingerprint }),
    });
    const provisioned = provision(runtime, session, record);
    if (provisioned !== undefined)
      return provisioned.then(() => this.#store(session, message, record, guard));
    return this.#store(session, message, record, guard);
  }

  #store(session: HostedSession, message: Submit, record: JobRecord, guard: LeaseGuard): Awaitable<void> {
    const runtime = this.#runtime;
    const withdraw = () => runtime.credentials?.revokeJob(record.jobId, record.credentialIds);
    const stored = runtime.persistence.jobs.create(record, session.epoch);
    const next = (outcome: Awaited<typeof stored>) => {
      if (!outcome.created) {
        withdraw();
        this.#repeat(session, message, outcome.existing, record.fingerprint ?? "");
        return;
      }
      startJob(runtime, registerJob(runtime, session, record, guard, undefined), message.trace_id);
    };
    if (!(stored instanceof Promise)) return next(stored);
    return stored.then(next, (cause) => {
      withdraw();
      if (cause instanceof ArcpError) throw cause;
      throw new ArcpError("INTERNAL_ERROR", "the job could not be stored; try again", { cause });
    });
  }
}

/** The authority that a submission asks for, which is what it gets. */
function grantLease(payload: Submit["payload"], now: number): LeaseGuard {
  const lease = payload.lease_request ?? {};
  const compiled = CompiledLease.compile(lease);
  const budget = new BudgetLedger(parseAmounts(lease["cost.budget"] ?? []));
  return new LeaseGuard(compiled, budget, parseExpiry(payload.lease_constraints, now));
}

/** Issues credentials where both sides want them; undefined when there is nothing to wait for. */
export function provision(
  runtime: Runtime,
  session: HostedSession,
  record: JobRecord,
): Promise<void> | undefined {
  if (runtime.credentials === undefined || !session.features.has("provisioned_credentials")) return undefined;
  return runtime.credentials.issue(credentialRequest(record)).then((issued) => {
    record.credentialIds.push(...issued.map(({ id }) => id));
  });
}
