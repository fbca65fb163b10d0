import { type SessionId, sessionId, type TurnId } from "@pawl/core";
import type { Outbox, OutboxItem, OutboxRecord, Store } from "@pawl/core/ports";
import { deadLetterUnknown } from "./errors.ts";
import type { SessionNames } from "./session-names.ts";

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

const MOST_OF_A_SESSION = 100;

/** What followed from commits of one session, or of one of its runs, and could not be delivered; under the names of whoever looks. */
export async function lettersOf(
  outbox: Outbox,
  id: SessionId,
  names: SessionNames,
  runId?: TurnId,
): Promise<readonly OutboxRecord[]> {
  const records = await outbox.list({ sessionId: id, dead: true, limit: MOST_OF_A_SESSION });
  return records
    .filter((record) => runId === undefined || record.runId === runId)
    .map((record) => ({ ...record, sessionId: names.shown(id), item: shownItem(record.item, names) }));
}

/** Where an input was to go is hidden from those who do not see that session. */
function shownItem(item: OutboxItem, names: SessionNames): OutboxItem {
  if (item.type === "message") return item;
  const to = item.input.sessionId;
  const shown = names.sees(to) ? names.shown(to) : sessionId("another session");
  return { ...item, input: { ...item.input, sessionId: shown } };
}

/** In one sentence. */
export function describeLetters(letters: readonly OutboxRecord[]): string {
  const named = letters.map(({ item, failure }) => {
    const what = item.type === "message" ? `message "${item.topic}"` : `an input for ${item.input.sessionId}`;
    return failure === null ? what : `${what} (${failure.code}: ${failure.message})`;
  });
  return `What followed from its commit could not be delivered: ${named.join(", ")}.`;
}
