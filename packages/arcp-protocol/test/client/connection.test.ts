import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClientAction, ClientConnection } from "../../src/client/connection.ts";
import { CLIENT_TRANSITIONS } from "../../src/client/connection-transitions.ts";
import { countingIds } from "../../src/envelope/ids.ts";
import { MESSAGE_TYPES } from "../../src/messages/message.ts";
import { FEATURES } from "../../src/session/features.ts";

function make(): ClientConnection {
  return new ClientConnection({
    ids: countingIds(),
    limits: { maxFrameLength: 10_000, maxDepth: 20 },
    client: { name: "c", version: "1" },
    features: FEATURES,
    ackPolicy: { everyEvents: 3, everyMs: 100 },
  });
}

const frame = (type: string, payload: unknown, more: object = {}) =>
  JSON.stringify({ arcp: "1.1", id: "q1", type, session_id: "sess_1", payload, ...more });
const welcome = (features: readonly string[] = FEATURES) =>
  frame("session.welcome", {
    runtime: { name: "r", version: "1" },
    resume_token: "token_2",
    heartbeat_interval_sec: 0.1,
    capabilities: { features },
  });
const event = (seq: number) =>
  frame("job.event", { kind: "log", body: { level: "info", message: "m" } }, { job_id: "j", event_seq: seq });
const kinds = (actions: ClientAction[]) =>
  actions.map((action) => (action.do === "send" ? action.envelope.type : action.do));

function opened(): ClientConnection {
  const connection = make();
  connection.connected("t");
  connection.receive(welcome(), 0);
  return connection;
}

describe("the client's connection", () => {
  test("P15: greets, and asks for its session back with the newest token and number", () => {
    const connection = make();
    expect(connection.connected("t")).toMatchObject([
      {
        do: "send",
        envelope: { type: "session.hello", payload: { auth: { scheme: "bearer", token: "t" } } },
      },
    ]);
    expect(connection.connected("t")).toEqual([]);
    expect(connection.receive(welcome(), 0)).toMatchObject([{ do: "welcome", resumed: false }]);
    connection.receive(event(1), 0);
    connection.lost();
    expect(connection.phase).toBe("offline");
    const [hello] = connection.connected("t2");
    expect(hello).toMatchObject({
      envelope: { payload: { resume: { session_id: "sess_1", resume_token: "token_2", last_event_seq: 1 } } },
    });
    expect(connection.receive(welcome(), 0)).toMatchObject([{ do: "welcome", resumed: true }]);
    expect(connection.lastEventSeq).toBe(1);
    connection.end();
    expect(CLIENT_TRANSITIONS[connection.phase]).toEqual({});
  });

  test("P14 [8.3-2]: repeated numbers are dropped, a gap gives the transport up", () => {
    const connection = opened();
    expect(kinds(connection.receive(event(1), 0))).toEqual(["deliver"]);
    expect(connection.receive(event(1), 0)).toEqual([]);
    expect(connection.receive(event(3), 0)).toEqual([{ do: "drop", reason: "sequence_gap" }]);
    expect(connection.lastEventSeq).toBe(1);
    // A number whose message makes no sense is still a number.
    expect(connection.receive(frame("job.event", { kind: 7 }, { job_id: "j", event_seq: 2 }), 0)).toEqual([]);
    expect(connection.lastEventSeq).toBe(2);
    // An unknown type may carry a number as well.
    expect(connection.receive(frame("job.future", {}, { event_seq: 3 }), 0)).toEqual([]);
    expect(connection.lastEventSeq).toBe(3);
  });

  test("[6.5-5] acknowledges by count and by time", () => {
    const connection = opened();
    connection.receive(event(1), 10);
    connection.receive(event(2), 10);
    expect(kinds(connection.receive(event(3), 10))).toEqual(["deliver", "session.ack"]);
    connection.receive(event(4), 50);
    const due = connection.nextDeadline() as number;
    expect(due).toBeLessThanOrEqual(150);
    const acks = connection
      .onDeadline(150)
      .filter((action) => action.do === "send" && action.envelope.type === "session.ack");
    expect(acks).toMatchObject([{ envelope: { payload: { last_processed_seq: 4 } } }]);
    const without = make();
    without.connected("t");
    without.receive(welcome(["heartbeat"]), 0);
    for (const seq of [1, 2, 3, 4]) expect(kinds(without.receive(event(seq), 0))).toEqual(["deliver"]);
  });

  test("[6.4-1, 6.4-2, 6.4-3] answers pings, asks when idle, gives up after two intervals", () => {
    const connection = opened();
    expect(connection.receive(frame("session.ping", { nonce: "n" }), 0)).toMatchObject([
      { envelope: { type: "session.pong", payload: { ping_nonce: "n" } } },
    ]);
    expect(connection.nextDeadline()).toBe(100);
    expect(kinds(connection.onDeadline(100))).toEqual(["session.ping"]);
    connection.sent(100);
    expect(connection.onDeadline(200)).toEqual([{ do: "drop", reason: "heartbeat_lost" }]);
    const quiet = make();
    quiet.connected("t");
    quiet.receive(welcome([]), 0);
    expect(quiet.nextDeadline()).toBeUndefined();
  });

  test("whatever a runtime says, in whatever order: no throw, no number out of order", () => {
    const anyFrame = fc.oneof(
      fc.string(),
      fc.uint8Array({ maxLength: 8 }),
      fc.constant(welcome()),
      fc.integer({ min: 0, max: 12 }).map(event),
      fc
        .tuple(
          fc.constantFrom(...MESSAGE_TYPES, "x-vendor.a"),
          fc.jsonValue({ maxDepth: 2 }),
          fc.option(fc.nat(12), { nil: undefined }),
        )
        .map(([type, payload, event_seq]) => frame(type, payload, { event_seq })),
    );
    const anyStep = fc.oneof(
      { weight: 8, arbitrary: anyFrame },
      {
        weight: 1,
        arbitrary: fc.constantFrom("connect" as const, "lose" as const, "tick" as const, "forget" as const),
      },
    );
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 40 }), (steps) => {
        const connection = make();
        let now = 0;
        let last = 0;
        for (const step of steps) {
          now += 30;
          let actions: ClientAction[] = [];
          if (step === "connect") actions = connection.connected("t");
          else if (step === "lose") connection.lost();
          else if (step === "tick") actions = connection.onDeadline(now);
          else if (step === "forget") {
            connection.forget();
            last = 0;
          } else actions = connection.receive(step, now);
          for (const action of actions) {
            if (action.do === "welcome" && !action.resumed) last = 0;
            if (action.do !== "deliver" || action.message.event_seq === undefined) continue;
            expect(action.message.event_seq).toBeGreaterThan(last);
            last = action.message.event_seq;
          }
        }
      }),
      { numRuns: 1e6, interruptAfterTimeLimit: 2000 },
    );
  }, 60_000);
});
