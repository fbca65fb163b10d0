import {
  type CommandOf,
  type EffectEnvelope,
  type Json,
  PawlError,
  type PendingCall,
  type PendingLaunch,
  type PendingOptions,
  type Resolution,
  type ToolOutcome,
  type WaitIdentity,
  type WaitReason,
} from "@pawl/core";
import type { Clock } from "@pawl/core/ports";
import type { AwaitEvents } from "../await-events/await-events.ts";
import { formatKey } from "../await-events/key-format.ts";

export interface PendingCallsOptions {
  readonly clock: Pick<Clock, "now">;
  /** Absent where nothing can be waited for. */
  readonly awaits?: () => Promise<AwaitEvents>;
}

/** The one key of a call that is answered later. */
export interface PendingCalls {
  /** Undefined where nothing can be waited for. The wait is in the store, with its deadline, before anybody has the key. */
  readonly mint: ((options: PendingOptions) => Promise<PendingCall>) | undefined;
  /** How the call waits; undefined for an object that `mint` did not make. */
  launchOf(call: unknown): PendingLaunch | undefined;
  /** The call has its answer and needs none later: whoever uses the key learns that. */
  settle(outcome: ToolOutcome): Promise<void>;
}

export function pendingCalls(
  { scope, command }: EffectEnvelope<CommandOf<"tool_call">>,
  { clock, awaits }: PendingCallsOptions,
): PendingCalls {
  const { callId, name } = command;
  const wait: WaitIdentity = { type: "tool_completion", callId };
  let made: Promise<{ readonly call: PendingCall; readonly launch: PendingLaunch }> | undefined;
  let known: { readonly call: PendingCall; readonly launch: PendingLaunch } | undefined;

  async function make(events: AwaitEvents, options: PendingOptions) {
    const { onTimeout = "tell_model", onCancel, note, task, for: audience } = options;
    const asked = deadlineOf(options, clock.now());
    const reason: WaitReason = {
      type: "tool_pending",
      callId,
      tool: name,
      ...(note !== undefined && { note }),
      ...(onCancel !== undefined && { onCancel }),
      ...(task !== undefined && { task }),
    };
    const info = reason as unknown as Json;
    const { dueAt } = await events.open(scope, wait, {
      info,
      ...(asked !== undefined && { deadline: asked }),
    });
    const key = await events.key(scope, wait, audience === undefined ? {} : { audience });
    const call: PendingCall = Object.freeze({ id: key.keyId, key: formatKey(key), "~pending": true });
    const launch: PendingLaunch = {
      status: "pending",
      wait,
      // The first deadline stays: an attempt that is made again does not begin it anew.
      ...(dueAt !== null && { deadline: dueAt }),
      onTimeout,
      ...(onCancel !== undefined && { onCancel }),
      ...(note !== undefined && { note }),
      ...(task !== undefined && { task }),
    };
    known = { call, launch };
    return known;
  }

  return {
    mint:
      awaits &&
      (async (options) => {
        made ??= awaits().then((events) => make(events, options));
        return (await made).call;
      }),
    launchOf: (call) => (known !== undefined && call === known.call ? known.launch : undefined),
    async settle(outcome) {
      if (known === undefined || awaits === undefined) return;
      await (await awaits()).settle(scope, wait, resolutionOf(outcome));
    },
  };
}

function deadlineOf({ deadline, timeoutMs }: PendingOptions, now: number): number | undefined {
  const at = deadline ?? (timeoutMs === undefined ? undefined : now + timeoutMs);
  if (at === undefined || (Number.isFinite(at) && at > 0))
    return at === undefined ? undefined : Math.round(at);
  throw new PawlError(
    "invalid_deadline",
    "A deadline is in milliseconds since the epoch, and a timeoutMs in milliseconds from now: give a finite number, or neither.",
  );
}

function resolutionOf(outcome: ToolOutcome): Resolution {
  if (outcome.status === "ok") return { status: "ok", payload: outcome.output };
  if (outcome.status === "cancelled") return { status: "cancelled" };
  return { status: "err", payload: { code: outcome.code, message: outcome.message } };
}
