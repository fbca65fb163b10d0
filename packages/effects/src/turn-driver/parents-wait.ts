import {
  awaitEventKeyId,
  executionScope,
  loadJsonDigest,
  type ParentTurn,
  type SessionId,
  type TurnId,
} from "@pawl/core";
import type { Boundary, NewAwaitEvent } from "@pawl/core/ports";

/** The wait of the turn for which this one works: the commit settles it (D22). What it came to is read from the commit. */
export async function parentsWait(
  parent: ParentTurn | undefined,
  { sessionId, turnId }: { readonly sessionId: SessionId; readonly turnId: TurnId },
): Promise<Pick<Boundary, "settles">> {
  if (parent === undefined) return {};
  const scope = executionScope.turn(parent.sessionId, parent.turnId);
  const wait = { type: "child_turn", sessionId, turnId } as const;
  const event: NewAwaitEvent = {
    keyId: awaitEventKeyId(scope, wait, await loadJsonDigest()),
    scope,
    wait,
    sessionId: parent.sessionId,
    turnId: parent.turnId,
    dueAt: null,
    info: {},
  };
  return { settles: [{ event, resolution: { status: "ok", payload: null } }] };
}
