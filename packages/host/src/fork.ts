import { inputId, loadJsonDigest, PawlError, type TurnId } from "@pawl/core";
import type { InputRecord, NewId, Store } from "@pawl/core/ports";
import { loadTurnRecord, planFork } from "@pawl/effects/turn-driver";
import { partsOf } from "./input-parts.ts";
import type { SessionNames } from "./session-names.ts";
import type { ForkTurnOptions } from "./turn-handle.ts";
import { writeTurnRequest } from "./turn-request.ts";

export interface ForkSource {
  readonly store: Store<never>;
  readonly names: SessionNames;
  readonly newId: NewId;
  /** The input that began the turn. */
  readonly input: InputRecord;
  readonly turnId: TurnId;
}

/**
 * Accepts the input that begins a fork. @returns it, in a session of its own
 * @throws PawlError `fork_out_of_range`, `fork_prompt_too_late`, `fork_session_taken`, `turn_unknown`, `input_empty`
 */
export async function acceptFork(
  { store, names, newId, input, turnId }: ForkSource,
  { at, prompt, live = false, sessionId: name, idempotencyKey }: ForkTurnOptions,
): Promise<InputRecord> {
  const key =
    idempotencyKey === undefined
      ? newId()
      : (await loadJsonDigest())({ fork: turnId, key: idempotencyKey }).slice(0, 32);
  const id = inputId(`in_${key}`);
  const session = names.stored(name ?? `fork_${key}`);
  const source = await loadTurnRecord(store, input.sessionId, turnId);
  const parts = prompt === undefined ? input.content.parts : partsOf(prompt);
  const replacesPrompt = prompt !== undefined;
  // Said now, to the caller, rather than later in a failed turn.
  planFork({ record: source, at, live, sessionId: session, inputId: id, ...(replacesPrompt && { parts }) });
  if ((await store.sessions.load(session)) !== null && (await store.inbox.load(id)) === null) {
    throw new PawlError(
      "fork_session_taken",
      `There is a session "${names.shown(session)}" already, and a fork begins one of its own. Choose another name, or give none.`,
    );
  }
  const fork = { sessionId: input.sessionId, turnId, at, live, replacesPrompt };
  const environment = writeTurnRequest({ fork });
  const accepted = await store.inbox.accept({
    inputId: id,
    sessionId: session,
    delivery: "next",
    content: { parts, ...(environment !== undefined && { environment }) },
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  });
  return accepted.input;
}
