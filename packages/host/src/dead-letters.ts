import { type SessionId, sessionId } from "@pawl/core";
import type { OutboxRecord, Store } from "@pawl/core/ports";
import { deadLetterUnknown } from "./errors.ts";

/**
 * What followed from a commit and nobody tries again by itself: inputs that their session refused, and messages whose handler failed
 * too often. They stay until somebody acts.
 */
export interface DeadLetters {
  /** Oldest first. Default limit 100. `session`: of commits of this one, under its whole id. */
  list(query?: { readonly session?: string; readonly limit?: number }): Promise<readonly OutboxRecord[]>;
  /** Tried again at once, as if it were new. @throws PawlError `dead_letter_unknown` */
  retry(id: string): Promise<void>;
  /** Forgotten, for ever. @throws PawlError `dead_letter_unknown` */
  discard(id: string): Promise<void>;
}

export function createDeadLetters(
  { outbox, open }: Pick<Store<never>, "outbox" | "open">,
  /** There may be something to deliver. */
  due: () => void = () => {},
): DeadLetters {
  return {
    async list({ session, limit = 100 } = {}) {
      await open();
      const of: { sessionId?: SessionId } = session === undefined ? {} : { sessionId: sessionId(session) };
      return outbox.list({ ...of, dead: true, limit });
    },
    async retry(id) {
      await open();
      if (!(await outbox.revive(id))) throw deadLetterUnknown(id);
      due();
    },
    async discard(id) {
      await open();
      if (!(await outbox.discard(id))) throw deadLetterUnknown(id);
    },
  };
}
