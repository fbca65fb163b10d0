import { inputId, loadJsonDigest, type SessionId, turnIdOfInput } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { followLog } from "./follow-log.ts";
import type { SendOptions, Session } from "./host.ts";
import { partsOf } from "./input-parts.ts";
import { createTurnHandle, type TurnHandleOptions } from "./turn.ts";
import { writeTurnRequest } from "./turn-request.ts";

export interface SessionHandleOptions<Tx> extends Omit<TurnHandleOptions, "store"> {
  readonly store: Store<Tx>;
}

export function createSessionHandle<Tx>(id: SessionId, options: SessionHandleOptions<Tx>): Session<Tx> {
  const { store, clock, newId, hold, poke } = options;
  const turns: TurnHandleOptions = { ...options, store: store as unknown as Store<never> };

  return {
    id,
    async send(content, send = {}) {
      const { delivery = "next", idempotencyKey, at, tx } = send;
      const environment = writeTurnRequest(send);
      const { input } = await store.inbox.accept(
        {
          inputId: inputId(`in_${await nameOf(id, send, newId)}`),
          sessionId: id,
          content: { parts: partsOf(content), ...(environment !== undefined && { environment }) },
          delivery,
          ...(idempotencyKey !== undefined && { idempotencyKey }),
          ...(at !== undefined && { at }),
        },
        tx === undefined ? {} : { tx },
      );
      // Within the caller's transaction there is nothing to see yet; the store tells of it at the commit.
      if (tx === undefined) poke(id, "send");
      return createTurnHandle(turnIdOfInput(input.inputId), turns);
    },
    transcript: () => store.sessions.transcript(id),
    inputs: () => store.inbox.list(id),
    record: () => store.sessions.load(id),
    receipts: () => store.sessions.receipts(id),
    events: (events = {}) => followLog({ ...events, log: store.log, clock, hold, sessionId: id }),
  };
}

/** With an idempotency key the id follows from it, so that the same request names the same turn everywhere. */
async function nameOf<Tx>(session: SessionId, send: SendOptions<Tx>, newId: () => string): Promise<string> {
  if (send.idempotencyKey === undefined) return newId();
  const digest = await loadJsonDigest();
  return digest({ session, key: send.idempotencyKey }).slice(0, 32);
}
