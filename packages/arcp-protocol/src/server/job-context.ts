import { parseTraceContext, type TraceContext } from "../envelope/trace-context.ts";
import { ArcpError } from "../errors.ts";
import type { JobState } from "../jobs/job-state.ts";
import { type EffectCheckOptions, effectCheck } from "../leases/effect-check.ts";
import type { Operation, OperationCheck, OperationVerdict } from "../leases/operation-check.ts";
import type { EventBodies, LogLevel } from "../messages/event-body.ts";
import type { Credential, Lease, LeaseConstraints } from "../messages/lease.ts";
import { credentialRequest } from "./credential-request.ts";
import { type Delegation, type DelegationRequest, delegateJob } from "./delegation.ts";
import { heard } from "./heard.ts";
import type { EmitOptions } from "./job-events.ts";
import type { JobRun } from "./job-run.ts";
import { ResultWriter } from "./result-writer.ts";

export type ToolOutcome =
  | { ok: true; result: unknown }
  | { ok: false; error: { code: string; message: string; retryable: boolean } };

export interface ToolOptions {
  /** `c1`, `c2`, … in the order of the calls when absent. */
  callId?: string;
  /** What becomes of a call that had begun when the process went away. Default `fail`. */
  onCrash?: "retry" | "fail";
}

interface ToolCall {
  callId: string;
  tool: string;
  args: unknown;
  perform: (signal: AbortSignal) => unknown;
}

const OUTCOME_UNKNOWN = {
  code: "INTERNAL_ERROR",
  message: "the runtime went away while the tool ran, and nobody knows whether it did its work",
  retryable: true,
};

/** The outcome that a recorded `tool_result` tells of. */
function outcomeOf(body: Record<string, unknown>): ToolOutcome {
  const error = body.error as Extract<ToolOutcome, { ok: false }>["error"] | undefined;
  return error === undefined ? { ok: true, result: body.result } : { ok: false, error };
}

/** What a job that ran before a restart had come to. */
export interface RecoveredJob {
  /** The `source` of the last event that was stored, if the agent gave one: go on after it. */
  source: string | undefined;
  /** Events that were stored. */
  events: number;
}

/** What an agent sees of its job. Every way to act asks the lease first. */
export class JobContext implements OperationCheck {
  readonly #run: JobRun;
  readonly recovered: RecoveredJob | undefined;
  #calls = 0;
  #delegations = 0;

  constructor(run: JobRun, recovered: boolean) {
    this.#run = run;
    const { source, lastJobSeq } = run.record;
    this.recovered = recovered ? { source, events: lastJobSeq } : undefined;
  }

  get jobId(): string {
    return this.#run.jobId;
  }

  get sessionId(): string {
    return this.#run.session.sessionId;
  }

  /** The submitter. */
  get principal(): string {
    return this.#run.record.principal;
  }

  /** `name@version`, as resolved. */
  get agent(): string {
    return this.#run.record.agent;
  }

  get lease(): Lease {
    return this.#run.record.lease;
  }

  get leaseConstraints(): LeaseConstraints | undefined {
    return this.#run.record.leaseConstraints;
  }

  /** What is left of the budget, for display. */
  get budget(): Record<string, number> | undefined {
    return this.#run.budgetNow();
  }

  /** Secrets that were provisioned for this job. */
  get credentials(): readonly Credential[] {
    return this.#run.runtime.credentials?.held(this.jobId) ?? [];
  }

  /** Pass it on to tools and sub-agents (section 11). */
  get trace(): TraceContext {
    const { traceId } = this.#run.record;
    return parseTraceContext(traceId) ?? { traceId };
  }

  /** Aborts when the job is to stop; its reason is an ArcpError. */
  get signal(): AbortSignal {
    return this.#run.signal;
  }

  /** Decides without waiting whether an operation is covered. */
  check(operation: Operation): OperationVerdict {
    return this.#run.check(operation);
  }

  /** The job's authority for a host of effects that asks `check({ kind, name }, now)` before it performs. */
  effectCheck(options: EffectCheckOptions = {}): ReturnType<typeof effectCheck> {
    return effectCheck(this.#run.guard, options, (operation) => this.check(operation));
  }

  /** Throws the refusal as an ArcpError when the operation is not covered. */
  authorize(namespace: string, target: string): void {
    const verdict = this.check({ namespace, target });
    if (!verdict.allowed) throw new ArcpError(verdict.code, verdict.message);
  }

  /**
   * Any event. What is sent has been stored before; the agent need not wait for it and goes on when its promise resolves, a little
   * ahead of the store. A `delegate` event delegates (section 10); a `result_chunk` is refused: see `streamResult`.
   */
  emit(kind: string, body: Record<string, unknown>, options?: EmitOptions): Promise<void> {
    if (kind === "delegate") {
      return heard(this.delegate(body as unknown as DelegationRequest).then(() => undefined));
    }
    return this.#run.emit(kind, body, options);
  }

  log(level: LogLevel, message: string): Promise<void> {
    return this.emit("log", { level, message });
  }

  thought(text: string): Promise<void> {
    return this.emit("thought", { text });
  }

  status(phase: string, message?: string): Promise<void> {
    return this.emit("status", message === undefined ? { phase } : { phase, message });
  }

  progress(body: EventBodies["progress"]): Promise<void> {
    return this.emit("progress", { ...body });
  }

  /** A metric; a `cost.…` one in a budgeted unit moves the budget first. Rejects a negative cost. */
  metric(body: EventBodies["metric"]): Promise<void> {
    return this.emit("metric", { ...body });
  }

  artifact(body: EventBodies["artifact_ref"]): Promise<void> {
    return this.emit("artifact_ref", { ...body });
  }

  /**
   * Performs a tool under the lease: refused before anything is dispatched, or announced, performed and answered.
   * A refusal and a failure are outcomes; the agent decides whether to go on.
   *
   * A handler that is run again after a restart (`onRestart: "resume"`) is given the recorded outcome. A call that had
   * begun and was not answered is made again when `onCrash` is `retry`; otherwise it fails, because nobody knows.
   */
  tool(
    tool: string,
    args: unknown,
    perform: (signal: AbortSignal) => unknown,
    options: ToolOptions = {},
  ): Promise<ToolOutcome> {
    this.#calls += 1;
    const call: ToolCall = { callId: options.callId ?? `c${this.#calls}`, tool, args, perform };
    return heard(this.#perform(call, options.onCrash ?? "fail"));
  }

  async #perform(call: ToolCall, onCrash: "retry" | "fail"): Promise<ToolOutcome> {
    this.signal.throwIfAborted();
    const { callId: call_id, tool, args, perform } = call;
    const begun = this.#run.journal?.recorded("tool_call", call_id) !== undefined;
    const answered = this.#run.journal?.recorded("tool_result", call_id);
    if (!begun) {
      if (answered !== undefined) return this.#answer(call_id, outcomeOf(answered.body));
      const verdict = this.check({ namespace: "tool.call", target: tool });
      if (!verdict.allowed) {
        const { code, message, retryable } = verdict;
        return this.#answer(call_id, { ok: false, error: { code, message, retryable } });
      }
    }
    await this.emit("tool_call", { tool, args: args ?? null, call_id });
    // What may be done once only is not begun before others could know of it.
    if (onCrash === "fail") await this.#run.events.settled();
    this.signal.throwIfAborted();
    if (answered !== undefined) return this.#answer(call_id, outcomeOf(answered.body));
    if (begun && onCrash === "fail") return this.#answer(call_id, { ok: false, error: OUTCOME_UNKNOWN });
    let outcome: ToolOutcome;
    try {
      outcome = { ok: true, result: (await perform(this.signal)) ?? null };
    } catch (thrown) {
      const { code, message, retryable } = ArcpError.from(thrown).toPayload();
      outcome = { ok: false, error: { code, message, retryable } };
    }
    return this.#answer(call_id, outcome);
  }

  /** Starts a sub-agent with a part of this job's authority. A refusal is an outcome and an event. */
  delegate(request: Omit<DelegationRequest, "delegate_id"> & { delegate_id?: string }): Promise<Delegation> {
    this.#delegations += 1;
    const delegate_id = request.delegate_id ?? `d${this.#delegations}`;
    return heard(delegateJob(this.#run, { ...request, agent: String(request.agent ?? ""), delegate_id }));
  }

  /** Begins the job's one streamed result. */
  streamResult(options: { encoding?: "utf8" | "base64" } = {}): ResultWriter {
    return new ResultWriter(this.#run, this.#run.openStream(options.encoding ?? "utf8"));
  }

  /** Says that the job waits for something outside, or runs again. Throws `illegal_transition`. */
  setState(state: Extract<JobState, "running" | "blocked" | "paused">): void {
    this.#run.setState(state);
  }

  /** Renews a credential and tells the submitter its new value; everybody else sees the id only. */
  rotateCredential(credentialId: string): Promise<void> {
    return heard(this.#rotate(credentialId));
  }

  async #rotate(credentialId: string): Promise<void> {
    const keeper = this.#run.runtime.credentials;
    if (keeper === undefined)
      throw new ArcpError("INVALID_REQUEST", "this runtime provisions no credentials");
    const fresh = await keeper.rotate(credentialId, credentialRequest(this.#run.record));
    if (fresh.id !== credentialId) this.#run.record.credentialIds.push(fresh.id);
    const body = { phase: "credential_rotated", id: fresh.id };
    await this.emit("status", body, { secretBody: { ...body, value: fresh.value } });
  }

  /** Waits; rejects with the reason as soon as the job is to stop. */
  sleep(milliseconds: number): Promise<void> {
    const { clock } = this.#run.runtime;
    const { signal } = this;
    const now = clock.now();
    const until = this.#run.journal?.waitUntil(milliseconds, now) ?? now + milliseconds;
    const slept = new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const abort = () => {
        stop();
        reject(signal.reason);
      };
      const stop = clock.at(until, () => {
        signal.removeEventListener("abort", abort);
        resolve();
      });
      signal.addEventListener("abort", abort, { once: true });
    });
    return heard(slept);
  }

  async #answer(call_id: string, outcome: ToolOutcome): Promise<ToolOutcome> {
    await this.emit(
      "tool_result",
      outcome.ok ? { call_id, result: outcome.result } : { call_id, error: outcome.error },
    );
    return outcome;
  }
}
