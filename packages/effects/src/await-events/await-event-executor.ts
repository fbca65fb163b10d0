import { isPawlError, type Json, type Resolution } from "@pawl/core";
import type { Clock } from "@pawl/core/ports";
import type { EffectExecutor } from "../controller/effect-controller.ts";
import type { AwaitEvents } from "./await-events.ts";
import { Parked } from "./parked.ts";

/** How long a wait stays hot before it is parked, in milliseconds: many answers come at once, and waking a waiter is cheap. */
export const HOT_WAIT_MS = 500;

/**
 * Performs `await_event`: the answer if it comes soon; else the wait is left to the store, and the turn may be parked (D16). That it
 * was revoked is an answer too: nothing else will come, and the turn goes on without.
 */
export function awaitEventExecutor(
  awaits: AwaitEvents,
  { clock, hotMs = HOT_WAIT_MS }: { readonly clock: Clock; readonly hotMs?: number },
): EffectExecutor<"await_event"> {
  return async ({ scope, command }, { signal, onDurable }) => {
    const { wait, reason, deadline } = command;
    const answered = (resolution: Resolution | undefined) => {
      // Read from its row, or written into it: the first answer, which stays.
      if (resolution !== undefined) onDurable?.();
      return resolution;
    };
    const resolution = await awaits
      .waitUntil(scope, wait, {
        signal,
        until: clock.now() + hotMs,
        info: reason as unknown as Json,
        ...(deadline !== undefined && { deadline }),
      })
      .then(answered, revoked);
    if (resolution === undefined) throw new Parked(awaits.keyIdOf(scope, wait));
    return { kind: "await_event", resolution };
  };
}

function revoked(cause: unknown): Resolution {
  if (!isPawlError(cause, "await_event_unknown_or_revoked")) throw cause;
  return { status: "err", payload: { code: cause.code, message: "What was waited for was revoked." } };
}

/** Performs `peek_await_event`: a look that is recorded, so that a replay sees the same. */
export function peekAwaitEventExecutor(awaits: AwaitEvents): EffectExecutor<"peek_await_event"> {
  return async ({ scope, command }) => {
    const key = await awaits.key(scope, command.wait);
    return { kind: "peek_await_event", resolution: await awaits.peek(key) };
  };
}
