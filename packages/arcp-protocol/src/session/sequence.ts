/**
 * The numbers of one session's event stream. Section 8.3: session-scoped, strictly monotonic, gap-free.
 *
 * P7 allotted ≥ durable ≥ sent. An event is allotted a number, stored, and only then sent; what a dead
 *    connection did not get is still there for the next one.
 */
export interface Sequence {
  /** The highest number given out. */
  allotted: number;
  /** The highest number that the store holds. */
  durable: number;
  /** The highest number handed to the present connection. */
  sent: number;
  /** The highest number that the client said it has processed. Advisory. */
  acked: number;
}

/** A stream that continues after `last` (0 for a new one). */
export function sequenceFrom(last: number): Sequence {
  return { allotted: last, durable: last, sent: last, acked: 0 };
}

/** The next number. */
export function allot(sequence: Sequence): number {
  sequence.allotted += 1;
  return sequence.allotted;
}

/** Takes an acknowledgement; it only ever raises the mark. False when it names an event that was never sent. */
export function acknowledge(sequence: Sequence, lastProcessed: number): boolean {
  if (lastProcessed > sequence.sent) return false;
  if (lastProcessed > sequence.acked) sequence.acked = lastProcessed;
  return true;
}
