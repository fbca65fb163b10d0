import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { countingIds } from "../../src/envelope/ids.ts";
import { ArcpError } from "../../src/errors.ts";
import { MESSAGE_TYPES } from "../../src/messages/message.ts";
import { ServerConnection } from "../../src/server/connection.ts";
import type { ConnectionAction } from "../../src/server/connection-action.ts";
import { CONNECTION_TRANSITIONS, type ConnectionPhase } from "../../src/server/connection-transitions.ts";
import { FEATURES } from "../../src/session/features.ts";

const options = { limits: { maxFrameLength: 10_000, maxDepth: 20 }, helloTimeoutMs: 1000 };

function make(now = 0): ServerConnection {
  return new ServerConnection({ ...options, ids: countingIds() }, now);
}

const frame = (type: string, payload: unknown, more: object = {}) =>
  JSON.stringify({ arcp: "1.1", id: "q1", type, payload, ...more });
const helloFrame = frame("session.hello", {
  client: { name: "c", version: "1" },
  auth: { scheme: "bearer", token: "t" },
  capabilities: { features: [...FEATURES] },
});
const session = {
  sessionId: "sess_real",
  features: new Set(FEATURES),
  heartbeatIntervalMs: 100,
  welcome: { runtime: { name: "r", version: "1" }, resume_token: "t", capabilities: {} },
};

function opened(): ServerConnection {
  const connection = make();
  connection.receive(helloFrame, 0);
  connection.opened(session, 0);
  return connection;
}

const kinds = (actions: ConnectionAction[]) =>
  actions.map((action) => (action.do === "send" ? action.envelope.type : action.do));

describe("the server's connection", () => {
  test("P8: its phases follow the table", () => {
    const connection = make();
    expect(connection.phase).toBe("awaiting_hello");
    expect(kinds(connection.receive(helloFrame, 0))).toEqual(["open"]);
    expect(connection.phase).toBe("opening");
    expect(kinds(connection.opened(session, 0))).toEqual(["session.welcome"]);
    expect(connection.phase).toBe("open");
    connection.end();
    expect(connection.phase).toBe("closed");
    expect(CONNECTION_TRANSITIONS.closed).toEqual({});
  });

  test("P8: an answer of the host that does not fit changes nothing", () => {
    const connection = make();
    expect(connection.opened(session, 0)).toEqual([]);
    expect(connection.refused(new ArcpError("UNAUTHENTICATED", "no"), "q1")).toEqual([]);
    expect(connection.phase).toBe("awaiting_hello");
    const open = opened();
    expect(open.opened({ ...session, sessionId: "sess_other" }, 5)).toEqual([]);
    expect(open.refused(new ArcpError("UNAUTHENTICATED", "no"), "q1")).toEqual([]);
    expect(open.phase).toBe("open");
  });

  test("P8: what comes while it opens waits, in order", () => {
    const connection = make();
    connection.receive(helloFrame, 0);
    expect(connection.receive(frame("session.ping", { nonce: "1" }), 0)).toEqual([]);
    expect(connection.receive(frame("session.list_jobs", {}), 0)).toEqual([]);
    connection.opened(session, 0);
    expect(kinds(connection.release(0))).toEqual(["session.pong", "handle"]);
    expect(connection.release(0)).toEqual([]);
  });

  test("P9: a refusal of a submission is no session.error", () => {
    const connection = opened();
    expect(connection.receive(frame("job.submit", { agent: 1 }, { trace_id: "t9" }), 0)).toMatchObject([
      { do: "refuse_submit", requestId: "q1", traceId: "t9", error: { wireCode: "INVALID_REQUEST" } },
    ]);
  });

  test("P10, [6.7-1]: close answers and ends", () => {
    const connection = opened();
    expect(kinds(connection.receive(frame("session.close", {}), 0))).toEqual([
      "leave",
      "session.closed",
      "close",
    ]);
    expect(connection.receive(frame("session.ping", { nonce: "1" }), 0)).toEqual([]);
    expect(connection.nextDeadline()).toBeUndefined();
  });

  test("[6.1-4] time: a hello is waited for, then heartbeats", () => {
    const silent = make(50);
    expect(silent.nextDeadline()).toBe(1050);
    expect(silent.onDeadline(1049)).toEqual([]);
    expect(kinds(silent.onDeadline(1050))).toEqual(["session.error", "close"]);
    expect(silent.phase).toBe("closed");

    const connection = opened();
    expect(connection.nextDeadline()).toBe(100);
    expect(kinds(connection.onDeadline(100))).toEqual(["session.ping"]);
    connection.sent(100);
    connection.receive(frame("session.pong", { ping_nonce: "ping_1" }), 150);
    expect(connection.nextDeadline()).toBe(200);
    connection.sent(200);
    expect(connection.nextDeadline()).toBe(250);
    expect(kinds(connection.onDeadline(350))).toEqual(["session.error", "close"]);
  });

  test("[5-3] whatever frames come, whatever the order: no throw, a legal phase, the same answers twice", () => {
    const anyFrame = fc.oneof(
      fc.string(),
      fc.constant(helloFrame),
      fc.uint8Array({ maxLength: 10 }),
      fc
        .tuple(fc.constantFrom(...MESSAGE_TYPES, "x-vendor.a", "job.pause"), fc.jsonValue({ maxDepth: 2 }))
        .map(([type, payload]) => frame(type, payload)),
      fc.constantFrom(
        frame("job.submit", { agent: "a" }),
        frame("job.cancel", {}, { job_id: "j" }),
        frame("session.ack", { last_processed_seq: 1 }),
        frame("session.bye", {}),
        frame("session.close", {}),
      ),
    );
    const anyStep = fc.oneof(
      { weight: 6, arbitrary: anyFrame.map((data) => ({ kind: "frame" as const, data })) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          { kind: "opened" as const },
          { kind: "refused" as const },
          { kind: "tick" as const },
        ),
      },
    );
    const legal: ConnectionPhase[] = ["awaiting_hello", "opening", "open", "closed"];
    const run = (steps: readonly (typeof anyStep extends fc.Arbitrary<infer Step> ? Step : never)[]) => {
      const connection = make();
      let now = 0;
      const all: ConnectionAction[] = [];
      for (const step of steps) {
        now += 40;
        const before = connection.phase;
        if (step.kind === "frame") all.push(...connection.receive(step.data, now));
        else if (step.kind === "opened")
          all.push(...connection.opened(session, now), ...connection.release(now));
        else if (step.kind === "refused")
          all.push(...connection.refused(new ArcpError("UNAUTHENTICATED", "no"), "q"));
        else all.push(...connection.onDeadline(now));
        expect(legal).toContain(connection.phase);
        if (before === "closed") expect(connection.phase).toBe("closed");
      }
      return all;
    };
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 30 }), (steps) => {
        expect(JSON.stringify(run(steps))).toBe(JSON.stringify(run(steps)));
      }),
      { numRuns: 1e6, interruptAfterTimeLimit: 2000 },
    );
  }, 60_000);
});
