/** How much of a stream is kept for replay. */
export interface ReplayLimits {
  /** Acknowledged events beyond this many retained events may go. */
  keepAcked: number;
  /** Never more events than this, acknowledged or not. */
  maxEvents: number;
  /** Never more than this size, as the store counts it, acknowledged or not. */
  maxSize: number;
}

export const defaultReplayLimits: ReplayLimits = {
  // A client that lost the answer to its last acknowledgements still resumes.
  keepAcked: 512,
  maxEvents: 65_536,
  maxSize: 64 * 1024 * 1024,
};

/** What is retained, as far as the decision needs it. */
export interface Retained {
  oldestSeq: number;
  events: number;
  size: number;
}

/**
 * Whether the oldest retained event may go. Section 6.5: what is not acknowledged stays, even when the window of
 * time has passed, unless a limit of count or memory forces it out; what is acknowledged may go early.
 */
export function mayEvictOldest(retained: Retained, acked: number, limits: ReplayLimits): boolean {
  if (retained.events > limits.maxEvents || retained.size > limits.maxSize) return true;
  return retained.oldestSeq <= acked && retained.events > limits.keepAcked;
}
