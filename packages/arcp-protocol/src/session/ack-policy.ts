/** When a client acknowledges: after this many events or this long, whichever is later in count and sooner in time. */
export interface AckPolicy {
  everyEvents: number;
  everyMs: number;
}

export const defaultAckPolicy: AckPolicy = { everyEvents: 256, everyMs: 250 };

export interface AckState {
  processed: number;
  acked: number;
  lastAckAt: number;
}

/** Section 6.5: at most every event or every few hundred milliseconds; a burst is acknowledged by count. */
export function shouldAck(state: AckState, now: number, policy: AckPolicy): boolean {
  const pending = state.processed - state.acked;
  if (pending <= 0) return false;
  return pending >= policy.everyEvents || now >= state.lastAckAt + policy.everyMs;
}

/** When an acknowledgement falls due if nothing more arrives; undefined when nothing is pending. */
export function nextAck(state: AckState, policy: AckPolicy): number | undefined {
  return state.processed > state.acked ? state.lastAckAt + policy.everyMs : undefined;
}
