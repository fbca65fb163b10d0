import { defaultReplayLimits } from "@pawl/arcp-protocol";
import type { Delivery } from "@pawl/arcp-protocol/persistence";
import type { JobSessionId } from "@pawl/core";
import type { Jobs } from "@pawl/core/ports";

/** A stream that nobody acknowledges is looked at each time it has grown by so many. */
const LOOK_EVERY = 4096;

/**
 * Keeps streams short: what a client has acknowledged goes, but for the last few, and what nobody acknowledges goes when
 * there is too much of it. One write a session at a time, however often a client acknowledges.
 */
export function createStreamTrimmer(jobs: Pick<Jobs, "acknowledge" | "trim">) {
  const { keepAcked, maxEvents } = defaultReplayLimits;
  const wanted = new Map<string, number>();
  const busy = new Map<string, Promise<void>>();

  async function work(sessionId: string): Promise<void> {
    for (let seq = wanted.get(sessionId); seq !== undefined; seq = wanted.get(sessionId)) {
      wanted.delete(sessionId);
      await jobs.acknowledge(sessionId as JobSessionId, seq);
      if (seq > keepAcked) await jobs.trim(sessionId as JobSessionId, seq - keepAcked);
    }
  }

  return {
    acknowledge(sessionId: string, seq: number): Promise<void> {
      wanted.set(sessionId, Math.max(seq, wanted.get(sessionId) ?? 0));
      const running = busy.get(sessionId);
      if (running !== undefined) return running;
      // Acknowledging is advice: what could not be written now is written with the next one.
      const done = work(sessionId)
        .catch(() => undefined)
        .finally(() => busy.delete(sessionId));
      busy.set(sessionId, done);
      return done;
    },
    appended(deliveries: readonly Delivery[]): void {
      for (const { sessionId, eventSeq } of deliveries) {
        if (eventSeq % LOOK_EVERY !== 0 || eventSeq <= maxEvents) continue;
        const options = { evenUnacknowledged: true };
        jobs.trim(sessionId as JobSessionId, eventSeq - maxEvents, options).catch(() => undefined);
      }
    },
    forget(sessionId: string): void {
      wanted.delete(sessionId);
    },
  };
}
