import type { CancelEvidence, SessionId, TurnId } from "@pawl/core";
import type { Clock, Store } from "@pawl/core/ports";

/** A hint may be lost: the gate is looked at this often while a turn runs, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

export interface WatchCancelOptions {
  readonly tell: (evidence: CancelEvidence) => void;
  /** Called whenever something has come to the session, perhaps an input. */
  readonly hinted: () => void;
  readonly lookNow: boolean;
}

/** Tells once of a cancel request for a running turn. An observer only: it never resolves the gate. */
export function watchCancel(
  store: Pick<Store, "sessions" | "leases">,
  clock: Clock,
  sessionId: SessionId,
  turnId: TurnId,
  { tell, hinted, lookNow }: WatchCancelOptions,
): () => void {
  let over = false;
  let cancelTimer = () => {};
  const look = () => {
    cancelTimer();
    cancelTimer = clock.at(clock.now() + LOOK_EVERY_MS, look);
    store.sessions.pendingCancel(turnId).then(
      (evidence) => {
        if (evidence === null || over) return;
        stop();
        tell(evidence);
      },
      // The store is out of reach: the next write of the turn will say so.
      () => {},
    );
  };
  const unlisten = store.leases.onWork((id) => {
    if (id !== sessionId || over) return;
    hinted();
    look();
  });
  const stop = () => {
    over = true;
    cancelTimer();
    unlisten();
  };
  if (lookNow) look();
  else cancelTimer = clock.at(clock.now() + LOOK_EVERY_MS, look);
  return stop;
}
