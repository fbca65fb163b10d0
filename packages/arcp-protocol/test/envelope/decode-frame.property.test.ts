import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson } from "../../src/envelope/canonical-json.ts";
import { decodeFrame } from "../../src/envelope/decode-frame.ts";
import { encodeEnvelope, encodeNumbered } from "../../src/envelope/encode-envelope.ts";
import type { Envelope } from "../../src/envelope/envelope.ts";
import { exceedsDepth } from "../../src/envelope/nesting-depth.ts";
import { formatTraceparent, parseTraceContext } from "../../src/envelope/trace-context.ts";
import { parseTimestamp, parseUtcTimestamp } from "../../src/envelope/utc-timestamp.ts";
import { ArcpError } from "../../src/errors.ts";
import { decodeMessage, MESSAGE_TYPES } from "../../src/messages/message.ts";

/** What CI may spend on looking for frames that break something. Milliseconds. */
const FUZZ_BUDGET_MS = 1500;

const limits = { maxFrameLength: 10_000, maxDepth: 20 };

describe("decoding", () => {
  test("[5-3] any text is an envelope or a refusal, and nothing else happens", () => {
    const hostile = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.constantFrom("{", "[[[[", '{"arcp":', '{"arcp":"1.1"}', "\u0000", '"\\ud800"', "1e999", "-0", "NaN"),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        const decoded = decodeFrame(text, limits);
        if (decoded.ok) expect(decoded.envelope.arcp).toBe("1.1");
        else expect(decoded.error).toMatchObject({ wireCode: "INVALID_REQUEST", retryable: false });
      }),
      { numRuns: 1e6, interruptAfterTimeLimit: FUZZ_BUDGET_MS },
    );
  }, 60_000);

  test("[5-3, 5-9] any payload of any message type is decoded or refused, and unknown fields are kept", () => {
    const field = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constant(undefined));
    const names = [
      "agent",
      "input",
      "job_id",
      "lease_request",
      "filter",
      "limit",
      "cursor",
      "auth",
      "capabilities",
    ];
    const names2 = [
      "last_event_seq",
      "history",
      "nonce",
      "resume",
      "client",
      "idempotency_key",
      "kind",
      "body",
      "code",
    ];
    const payload = fc.dictionary(fc.constantFrom(...names, ...names2, "extra"), field);
    fc.assert(
      fc.property(fc.constantFrom(...MESSAGE_TYPES), payload, (type, given) => {
        const decoded = decodeMessage({ arcp: "1.1", id: "i", type, payload: given });
        if (!decoded.ok) {
          expect(decoded.error).toBeInstanceOf(ArcpError);
          return;
        }
        if (given.extra !== undefined)
          expect((decoded.message.payload as { extra: unknown }).extra).toEqual(given.extra);
      }),
      { numRuns: 1e6, interruptAfterTimeLimit: FUZZ_BUDGET_MS },
    );
  }, 60_000);

  test("[5-2] what is encoded is decoded as it was, with unknown fields", () => {
    const name = fc.string({ minLength: 1, maxLength: 50 });
    const envelope = fc.record(
      {
        arcp: fc.constant("1.1" as const),
        id: name,
        type: name,
        session_id: name,
        trace_id: name,
        job_id: name,
        event_seq: fc.nat(),
        payload: fc.dictionary(
          fc.string().filter((key) => key !== "__proto__"),
          fc.jsonValue({ maxDepth: 3 }),
        ),
        unheard: fc.jsonValue({ maxDepth: 2 }),
      },
      { requiredKeys: ["arcp", "id", "type", "payload"] },
    );
    fc.assert(
      fc.property(envelope, (value) => {
        const text = encodeEnvelope(value as Envelope);
        const decoded = decodeFrame(text, { maxFrameLength: 1e6, maxDepth: 50 });
        expect(decoded).toEqual({ ok: true, envelope: JSON.parse(text) });
      }),
    );
  });

  test("a numbered frame written in pieces is the frame that would be written whole", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(), fc.jsonValue(), (jobId, eventSeq, body) => {
        const head = { type: "job.event", sessionId: "sess_1", traceId: 'a"b', jobId, eventSeq };
        expect(JSON.parse(encodeNumbered(head, JSON.stringify({ body })))).toEqual({
          arcp: "1.1",
          id: `evt_sess_1_${eventSeq}`,
          type: "job.event",
          session_id: "sess_1",
          trace_id: 'a"b',
          job_id: jobId,
          event_seq: eventSeq,
          payload: JSON.parse(JSON.stringify({ body })),
        });
      }),
    );
  });

  test("[5-7] depth is told from the text as it is from the value", () => {
    const depthOf = (value: unknown): number =>
      typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(8), (value, maxDepth) => {
        const deeper = depthOf(value) > maxDepth;
        const text = JSON.stringify(value);
        expect(exceedsDepth(text, maxDepth)).toBe(deeper);
      }),
    );
    expect(decodeFrame("[".repeat(1e6), { maxFrameLength: 1e7, maxDepth: 100 }).ok).toBe(false);
  });
});

test("canonical JSON has one spelling for equal values", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const shuffle = (item: unknown): unknown => {
        if (Array.isArray(item)) return item.map(shuffle);
        if (typeof item !== "object" || item === null) return item;
        return Object.fromEntries(
          Object.entries(item)
            .reverse()
            .map(([key, inner]) => [key, shuffle(inner)]),
        );
      };
      expect(canonicalJson(shuffle(value))).toBe(canonicalJson(value));
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("[11-2] trace contexts are read in both spellings, and only valid ones", () => {
  const id = "4bf92f3577b34da6a3ce929d0e0e4736";
  expect(parseTraceContext(id)).toEqual({ traceId: id });
  const whole = `00-${id}-00f067aa0ba902b7-01`;
  expect(parseTraceContext(whole)).toEqual({ traceId: id, parentId: "00f067aa0ba902b7", flags: "01" });
  expect(formatTraceparent({ traceId: id, flags: "00" }, "b7ad6b7169203331")).toBe(
    `00-${id}-b7ad6b7169203331-00`,
  );
  for (const bad of [
    undefined,
    "",
    "0".repeat(32),
    id.toUpperCase(),
    `ff-${id}-00f067aa0ba902b7-01`,
    `00-${id}-${"0".repeat(16)}-01`,
    `${id}0`,
  ]) {
    expect(parseTraceContext(bad)).toBeUndefined();
  }
});

test("[9.5-1] instants are read strictly", () => {
  expect(parseUtcTimestamp("2026-05-13T23:42:00Z")).toBe(Date.UTC(2026, 4, 13, 23, 42));
  expect(parseUtcTimestamp("2024-02-29T00:00:00.123Z")).toBe(Date.UTC(2024, 1, 29, 0, 0, 0, 123));
  for (const bad of [
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-05-13T23:42:00+00:00",
    "2026-05-13 23:42:00Z",
    "2026-05-13",
    "",
  ]) {
    expect(parseUtcTimestamp(bad)).toBeUndefined();
  }
  expect(parseTimestamp("2026-05-13T23:42:00+02:00")).toBe(Date.UTC(2026, 4, 13, 21, 42));
  expect(parseTimestamp("2026-05-13T23:42:00")).toBeUndefined();
});
