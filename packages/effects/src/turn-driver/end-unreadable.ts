import {
  type CancelEvidence,
  type LogRow,
  type Message,
  NO_USAGE,
  type ParentTurn,
  type SessionId,
  type TurnId,
} from "@pawl/core";
import type { Clock, Store } from "@pawl/core/ports";
import { parentsWait } from "./parents-wait.ts";
import type { SessionLane } from "./session-lane.ts";

/**
 * Ends a turn whose rows cannot be replayed (other code, a corrupt row) because somebody asked for its end: the session keeps what
 * was said to it, nothing of what the turn did, and goes on with its next input. The rows stay for whoever looks.
 */
export async function endUnreadable(
  store: Store<never>,
  clock: Clock,
  lane: SessionLane,
  turnId: TurnId,
  evidence: CancelEvidence,
): Promise<void> {
  const { sessionId } = lane;
  const inputs = (await store.inbox.list(sessionId)).filter(
    (input) => input.turnId === turnId && input.state === "staged",
  );
  const session = await store.sessions.load(sessionId);
  const messages = inputs.map(
    ({ inputId, content }): Message => ({
      id: `${turnId}.user.${inputId}`,
      role: "user",
      parts: content.parts,
    }),
  );
  const settles = await parentsWait(await parentOf(store, sessionId, turnId), { sessionId, turnId });
  await lane.exclusive(async (seq) => {
    const value = await store.sessions.commit(lane.fence, {
      runId: turnId,
      boundary: "turn_end",
      outcome: { status: "cancelled", evidence },
      usage: NO_USAGE,
      delta: { baseRevision: session?.revision ?? 0, messages },
      inputIds: inputs.map(({ inputId }) => inputId),
      ...settles,
      row: ({ sequence, digest }): LogRow => ({
        seq,
        turnId,
        ordinal: null,
        at: clock.now(),
        body: { kind: "turn_committed", sequence, digest },
      }),
    });
    return { used: 1, value };
  });
}

/** The first row may be the one that cannot be read; then nobody is told. */
async function parentOf(
  { log }: Store<never>,
  sessionId: SessionId,
  turnId: TurnId,
): Promise<ParentTurn | undefined> {
  const [first] = await log.read(sessionId, { turnId, limit: 1 }).catch(() => []);
  const body = first?.body;
  return body?.kind === "machine_input" && body.input.type === "begin" ? body.input.parent : undefined;
}
