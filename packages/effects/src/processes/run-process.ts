import {
  type Json,
  PawlError,
  type ProcessEnd,
  type ProcessEventBody,
  type ProcessOwner,
  type ProcessRecord,
  validate,
} from "@pawl/core";
import type { Clock, Logger, ProcessClaim, Processes } from "@pawl/core/ports";
import { processInputInvalid, signalInvalid, stepRepeated } from "../errors.ts";
import { storable } from "../storable.ts";
import type { AnyProcess, ProcessContext } from "./define-process.ts";
import { followProcess, type ProcessFeed } from "./process-feed.ts";
import type { SignalFollowers } from "./signal-followers.ts";

export interface RunProcessOptions {
  readonly claim: ProcessClaim;
  /** Undefined: this node only buries it. */
  readonly body: AnyProcess | undefined;
  readonly processes: Processes;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts when the lease is lost: nothing that happens from here on is anybody's fact (D3). */
  readonly lost: AbortSignal;
  /** Aborts when this node stops, or gives it back before its body is entered. */
  readonly stopping: AbortSignal;
  /** Of the two signals above, shared by all that run here. */
  readonly followers: SignalFollowers;
  /** It is left for `retryMs`: another has to end first. */
  readonly isEarly: boolean;
  /** Others may have said something to it since it was claimed. */
  readonly mayHaveChanged: boolean;
  /** Entries in a row without any progress after which it fails. */
  readonly maxAttempts: number;
  /** How long a process that could not write is left alone, in milliseconds. */
  readonly retryMs: number;
  /** Called when the body is over and only its end is still to be written. */
  readonly onBodyOver: () => void;
}

/**
 * Takes one claimed process as far as it goes: enters its body, or says that its owner is gone. Resolves with how it ended, or with null when
 * it was left to whoever claims it next.
 */
export async function runProcess(options: RunProcessOptions): Promise<ProcessEnd | null> {
  const abort = new AbortController();
  const unfollow = options.followers.follow([options.lost, options.stopping], abort);
  try {
    return await takeOn(options, abort);
  } finally {
    unfollow();
  }
}

async function takeOn(options: RunProcessOptions, abort: AbortController): Promise<ProcessEnd | null> {
  const { claim, body, processes, lost, stopping } = options;
  const { fence, record } = claim;
  const { registration } = record;
  const { processId } = registration;
  const me: ProcessOwner = { nodeId: fence.node.nodeId, generation: fence.node.generation };
  let writes = 0;
  let broken: unknown;

  /** Written by this owner. A failure of the store is remembered: then the body's end is nobody's fact. */
  async function write(key: string, ...bodies: ProcessEventBody[]): Promise<ProcessRecord> {
    lost.throwIfAborted();
    try {
      return (await processes.append({ processId, key, bodies, fence })).record;
    } catch (thrown) {
      if (PawlError.from(thrown).blame === "infrastructure") broken ??= thrown;
      throw thrown;
    }
  }
  function nextKey(): string {
    writes += 1;
    return `owner ${fence.epoch}.${writes}`;
  }
  const attempt = claim.entered ? record.attempts : record.attempts + 1;
  const started: ProcessEventBody = { type: "started", attempt, owner: me };

  if (registration.disposition === "owner_bound" && record.owner !== null) {
    const same = record.owner.nodeId === me.nodeId && record.owner.generation === me.generation;
    const { owner } = record;
    const evidence = same
      ? ({ type: "owner_left", owner, reason: "Its node lost track of it." } as const)
      : ({ type: "owner_gone", owner } as const);
    return finish({ type: "abandoned", evidence });
  }
  lost.throwIfAborted();
  if (stopping.aborted) return claim.entered ? leave() : release();
  if (body === undefined || options.isEarly) return release(options.retryMs);
  if (record.cancel !== null && record.owner === null) return finish({ type: "cancelled" }, started);
  if (!claim.entered && record.startsInARow >= options.maxAttempts) {
    const message = `Its body was entered ${record.startsInARow} times in a row and never got anywhere. Repair what ends the process that runs it, then start another.`;
    return finish({ type: "failed", error: { code: "process_attempts_exhausted", message } }, started);
  }

  const { signal } = abort;
  let isAskedToEnd = false;
  const askToEnd = () => {
    isAskedToEnd = true;
    abort.abort(new PawlError("process_cancelled", "Somebody asked for its end."));
  };
  const feed = await followProcess(processes, processId, {
    clock: options.clock,
    onCancel: askToEnd,
    onError: (thrown) =>
      options.logger.warn("a background task could not be looked at", facts(processId, thrown)),
    ...(attempt === 1 && saysNothing(record) && !options.mayHaveChanged && { nothingUntil: record.head }),
  });
  if (!claim.entered) {
    try {
      const { head } = await write(nextKey(), started);
      // Something came between the claim and this.
      if (head !== record.head + 1) feed.look();
    } catch (thrown) {
      feed.stop(() => thrown);
      throw thrown;
    }
  }
  const stopFeed = () => feed.stop(() => signal.reason);
  signal.addEventListener("abort", stopFeed, { once: true });
  // Asked for before it was entered again: it may clean up, and is told at once.
  if (feed.cancelled) askToEnd();
  else if (signal.aborted) stopFeed();

  let end: ProcessEnd;
  try {
    const input = await validate(body.input, registration.input);
    if (!input.ok) throw processInputInvalid(registration.name, input.message);
    const context = contextOf(options, attempt, feed, signal, write, nextKey);
    const output: Json = (await body.run(input.value, context)) ?? null;
    end = { type: "completed", output: storable(output) };
  } catch (thrown) {
    end = feed.cancelled && isAskedToEnd ? { type: "cancelled" } : failed(thrown);
  } finally {
    signal.removeEventListener("abort", stopFeed);
    feed.stop(bodyOver);
    options.onBodyOver();
  }
  lost.throwIfAborted();
  if (broken !== undefined) return release(options.retryMs);
  // It was interrupted by the node, not by anything of its own.
  if (end.type === "failed" && stopping.aborted) return leave();
  return finish(end);

  async function finish(end: ProcessEnd, ...before: ProcessEventBody[]): Promise<ProcessEnd> {
    await write(nextKey(), ...before, end);
    return end;
  }

  async function release(delayMs = 0): Promise<null> {
    await processes.release(fence, { delayMs });
    return null;
  }

  async function leave(): Promise<ProcessEnd | null> {
    if (registration.disposition === "owner_bound") {
      const reason = "Its node stopped.";
      return finish({ type: "abandoned", evidence: { type: "owner_left", owner: me, reason } });
    }
    await write(nextKey(), { type: "left", owner: me });
    return release();
  }
}

function contextOf(
  { claim, body }: RunProcessOptions,
  attempt: number,
  feed: ProcessFeed,
  signal: AbortSignal,
  write: (key: string, ...bodies: ProcessEventBody[]) => Promise<unknown>,
  nextKey: () => string,
): ProcessContext {
  const entered = new Set<string>();
  const taken = new Map<string, number>();
  return {
    processId: claim.fence.processId,
    attempt,
    signal,
    step<Value extends Json>(stepId: string, run: (signal: AbortSignal) => Value | Promise<Value>) {
      return unheard(performStep(stepId, run));
    },
    progress: (value, { wake = false } = {}) => unheard(tell(value, wake)),
    signals: { next: (name: string) => unheard(nextSignal(name)) },
  };

  async function tell(value: Json, wake: boolean): Promise<void> {
    await write(nextKey(), { type: "progress", value: storable(value), wake });
  }

  async function performStep<Value extends Json>(
    stepId: string,
    run: (signal: AbortSignal) => Value | Promise<Value>,
  ): Promise<Value> {
    if (entered.has(stepId)) throw stepRepeated(stepId);
    entered.add(stepId);
    const recorded = feed.steps.get(stepId);
    if (recorded !== undefined) return recorded as Value;
    signal.throwIfAborted();
    const value = storable(((await run(signal)) ?? null) as Value);
    await write(`step ${stepId}`, { type: "step_done", stepId, value });
    return value;
  }

  async function nextSignal(name: string): Promise<never> {
    const ordinal = (taken.get(name) ?? 0) + 1;
    taken.set(name, ordinal);
    const schema = body?.signals[name];
    if (schema === undefined) throw signalInvalid(`This background task declares no signal "${name}".`);
    const payload = await validate(schema, await feed.signal(name, ordinal));
    if (!payload.ok) throw signalInvalid(`Signal "${name}" ${ordinal} does not fit: ${payload.message}`);
    return payload.value as never;
  }
}

function bodyOver(): PawlError {
  return new PawlError("process_left", "The body of this background task has ended.");
}

/** A body may end without awaiting what it began; that must not end the whole process as an unhandled rejection. */
function unheard<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** Nobody has said anything to it: the log of one that was never entered before holds nothing for a body. */
function saysNothing({ cancel, signals }: ProcessRecord): boolean {
  return cancel === null && Object.values(signals).every((count) => count === 0);
}

function failed(thrown: unknown): ProcessEnd {
  const { code, message } = PawlError.from(thrown, "process_body_threw");
  return { type: "failed", error: { code, message: storable(message) } };
}

function facts(processId: string, thrown: unknown) {
  const { code, message } = PawlError.from(thrown);
  return { processId, code, message };
}
