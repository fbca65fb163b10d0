import { type Json, type Resolution, sessionId } from "@pawl/core";
import type { Inbox } from "@pawl/core/ports";
import type { AwaitEvents } from "../await-events/await-events.ts";
import type { EffectExecutor } from "../controller/effect-controller.ts";

export interface InterruptibleWaitOptions {
  readonly inbox: Pick<Inbox, "isInterrupted">;
  readonly awaits: () => Promise<Pick<AwaitEvents, "open" | "settle">>;
}

/** The code of the answer to a wait that an input of delivery `interrupt` ended. */
export const INTERRUPTED = "interrupted";

const ENDED: Resolution = {
  status: "err",
  payload: {
    code: INTERRUPTED,
    message: "Something new was said, so it is not waited for any more. It was not answered.",
  },
};

/**
 * Performs waits, and settles those of a turn whose session was interrupted (D16): by whoever drives the turn, since an ordinary waiter settles
 * its own event and the first answer wins (D15). The turn takes up the interrupt at its next checkpoint. Whoever interrupts sets the
 * session's wake mark, so that a wait that is parked, or about to be, is performed again and looks here.
 */
export function interruptibleWait(
  others: EffectExecutor<"await_event">,
  { inbox, awaits }: InterruptibleWaitOptions,
): EffectExecutor<"await_event"> {
  return async (envelope, context) => {
    const { scope, command } = envelope;
    const { turn } = context;
    if (turn === undefined) return others(envelope, context);
    let isInterrupted = false;
    const settled = inbox.isInterrupted(sessionId(turn.sessionId)).then(async (interrupted) => {
      isInterrupted = interrupted;
      if (!interrupted || context.signal.aborted) return;
      const { wait, reason, deadline } = command;
      const events = await awaits();
      // What was asked is kept beside how it ended.
      const shown = { info: reason as unknown as Json, ...(deadline !== undefined && { deadline }) };
      await events.open(scope, wait, shown);
      await events.settle(scope, wait, ENDED);
    });
    // Not waited for: the answer that it gives, like any other, ends the wait. A store that fails here fails there, too.
    settled.catch(() => {});
    // What interrupts it is told to the model, too: nobody is asked before that is in the turn (ADR 37).
    const onDurable = () => {
      if (!isInterrupted) context.onDurable?.();
    };
    return others(envelope, { ...context, onDurable });
  };
}
