import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nextAck, shouldAck } from "../../src/session/ack-policy.ts";
import { judgeArrival } from "../../src/session/arrival.ts";
import { judgeBackpressure } from "../../src/session/backpressure.ts";
import { FEATURES, negotiate } from "../../src/session/features.ts";
import { judgeHeartbeat, newHeartbeat, nextHeartbeat } from "../../src/session/heartbeat.ts";
import { mayEvictOldest } from "../../src/session/replay-window.ts";
import { decideResume } from "../../src/session/resume-decision.ts";
import { acknowledge, allot, sequenceFrom } from "../../src/session/sequence.ts";

test("[6.2-3] negotiation is an intersection in our order, whatever the peer sends", () => {
  fc.assert(
    fc.property(
      fc.subarray([...FEATURES]),
      fc.array(fc.oneof(fc.constantFrom(...FEATURES), fc.string())),
      (ours, theirs) => {
        const both = negotiate(ours, theirs);
        expect(both).toEqual(ours.filter((feature) => theirs.includes(feature)));
      },
    ),
  );
  expect(negotiate(FEATURES, undefined)).toEqual([]);
});

test("P7: numbers come one by one, and a mark only rises, up to what was sent", () => {
  const sequence = sequenceFrom(4);
  expect([allot(sequence), allot(sequence), allot(sequence)]).toEqual([5, 6, 7]);
  sequence.sent = 6;
  expect(acknowledge(sequence, 6)).toBe(true);
  expect(acknowledge(sequence, 2)).toBe(true);
  expect(sequence.acked).toBe(6);
  expect(acknowledge(sequence, 7)).toBe(false);
  expect(sequence.acked).toBe(6);
});

test("[8.3-2] an arrival is next, repeated, or a gap", () => {
  expect(judgeArrival(0, 1)).toBe("next");
  expect(judgeArrival(5, 5)).toBe("repeated");
  expect(judgeArrival(5, 1)).toBe("repeated");
  expect(judgeArrival(5, 7)).toBe("gap");
});

test("[6.5-1, 6.5-2] what is not acknowledged goes only by a limit", () => {
  const limits = { keepAcked: 2, maxEvents: 10, maxSize: 100 };
  expect(mayEvictOldest({ oldestSeq: 1, events: 3, size: 3 }, 0, limits)).toBe(false);
  expect(mayEvictOldest({ oldestSeq: 1, events: 3, size: 3 }, 1, limits)).toBe(true);
  expect(mayEvictOldest({ oldestSeq: 1, events: 2, size: 3 }, 9, limits)).toBe(false);
  expect(mayEvictOldest({ oldestSeq: 1, events: 11, size: 3 }, 0, limits)).toBe(true);
  expect(mayEvictOldest({ oldestSeq: 1, events: 1, size: 101 }, 0, limits)).toBe(true);
});

describe("resume", () => {
  const session = { principal: "ada", tokenHash: "h1", lastEventSeq: 10, retainedFrom: 4, expiresAt: 100 };
  const claim = { principal: "ada", tokenHash: "h1", lastEventSeq: 10, now: 50 };

  test.each([
    ["caught up", {}, "resume"],
    ["the oldest that is kept", { lastEventSeq: 3 }, "resume"],
    ["one before it", { lastEventSeq: 2 }, "evicted"],
    ["one ahead", { lastEventSeq: 11 }, "ahead_of_stream"],
    ["another principal", { principal: "eve" }, "wrong_principal"],
    ["another token", { tokenHash: "h2" }, "stale_token"],
    ["a longer token", { tokenHash: "h1h1" }, "stale_token"],
    ["the last moment", { now: 99 }, "resume"],
    ["too late", { now: 100 }, "window_passed"],
  ])("[6.3-4, 6.3-5, 6.3-6, 6.3-13] %s", (_, change, verdict) => {
    expect(decideResume(session, { ...claim, ...change })).toBe(verdict);
    expect(decideResume(undefined, { ...claim, ...change })).toBe("unknown_session");
  });

  test("[6.3-7] an attached session has no expiry", () => {
    expect(decideResume({ ...session, expiresAt: undefined }, { ...claim, now: 1e15 })).toBe("resume");
  });
});

describe("heartbeat", () => {
  test("[6.4-2, 6.4-3] quiet for an interval asks, silent for two is lost", () => {
    const heartbeat = newHeartbeat(100, 0);
    expect(judgeHeartbeat(heartbeat, 99)).toBe("wait");
    expect(judgeHeartbeat(heartbeat, 100)).toBe("ping");
    heartbeat.lastSentAt = heartbeat.lastPingAt = 100;
    expect(judgeHeartbeat(heartbeat, 199)).toBe("wait");
    expect(judgeHeartbeat(heartbeat, 200)).toBe("lost");
    heartbeat.lastReceivedAt = 150;
    expect(judgeHeartbeat(heartbeat, 200)).toBe("ping");
  });

  test("[6.4-2] a side that talks all the time still asks a peer that only answers", () => {
    const heartbeat = newHeartbeat(100, 0);
    heartbeat.lastSentAt = 99;
    expect(judgeHeartbeat(heartbeat, 100)).toBe("ping");
  });

  test("the deadline is exactly when the verdict changes", () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.nat(1000),
        fc.nat(1000),
        fc.integer({ min: 1, max: 500 }),
        (received, sent, ping, interval) => {
          const heartbeat = {
            intervalMs: interval,
            lastReceivedAt: received,
            lastSentAt: Math.max(sent, ping),
            lastPingAt: ping,
          };
          const due = nextHeartbeat(heartbeat);
          expect(judgeHeartbeat(heartbeat, due - 1)).toBe("wait");
          expect(judgeHeartbeat(heartbeat, due)).not.toBe("wait");
        },
      ),
    );
  });
});

test("[6.5-5] acknowledgements come by count or by time, never for nothing", () => {
  const policy = { everyEvents: 10, everyMs: 100 };
  expect(shouldAck({ processed: 5, acked: 5, lastAckAt: 0 }, 1e9, policy)).toBe(false);
  expect(shouldAck({ processed: 14, acked: 5, lastAckAt: 0 }, 99, policy)).toBe(false);
  expect(shouldAck({ processed: 15, acked: 5, lastAckAt: 0 }, 99, policy)).toBe(true);
  expect(shouldAck({ processed: 6, acked: 5, lastAckAt: 0 }, 100, policy)).toBe(true);
  expect(nextAck({ processed: 6, acked: 5, lastAckAt: 7 }, policy)).toBe(107);
  expect(nextAck({ processed: 5, acked: 5, lastAckAt: 7 }, policy)).toBeUndefined();
});

test("backpressure has three steps", () => {
  const limits = { pauseEventsAbove: 10, pauseReadingAbove: 20, closeAbove: 30 };
  expect([0, 10, 11, 20, 21, 30, 31].map((waiting) => judgeBackpressure(waiting, limits))).toEqual([
    "flow",
    "flow",
    "pause_events",
    "pause_events",
    "pause_reading",
    "pause_reading",
    "close",
  ]);
});
