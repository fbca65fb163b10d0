/** What the receiver of an event stream does with a number that arrives. */
export type Arrival = "next" | "repeated" | "gap";

/** Replays may repeat what was seen; a jump means that something is lost and the session must be resumed. */
export function judgeArrival(lastSeen: number, eventSeq: number): Arrival {
  if (eventSeq <= lastSeen) return "repeated";
  return eventSeq === lastSeen + 1 ? "next" : "gap";
}
