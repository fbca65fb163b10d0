import { NO_USAGE, type TurnEvent, type TurnEventBody, type TurnEventType } from "@pawl/core";
import { describe, expect, it } from "vitest";
import { wireEvent, wireEventSchema } from "../src/index.ts";

const effectId = "1.tool_call.0" as never;
const callId = "call_1" as never;
const evidence = { requestId: "r", requestedAt: 1, origin: "cli" };

/** One of each: the type makes a new kind of event fail here until it has a shape on the wire. */
const BODIES: { readonly [Type in TurnEventType]: Extract<TurnEventBody, { type: Type }> } = {
  "turn.started": { type: "turn.started", agent: "a" },
  "text.delta": { type: "text.delta", effectId, attempt: 0, text: "x" },
  "text.reset": { type: "text.reset", effectId, attempt: 1 },
  "log.pruned": { type: "log.pruned", what: "text", rows: 3 },
  "model.answered": {
    type: "model.answered",
    effectId,
    text: "t",
    toolCalls: [{ callId, name: "n", input: { camelCase: 1 } }],
    terminalReason: "tool_use",
    model: "m",
    usage: NO_USAGE,
    streamed: true,
  },
  "model.failed": { type: "model.failed", effectId, terminalReason: "provider_error", message: "m" },
  "tool.started": { type: "tool.started", effectId, attempt: 0 },
  "tool.finished": {
    type: "tool.finished",
    effectId,
    name: "n",
    result: { status: "ok", output: { camelCase: [1] } },
  },
  "tool.ambiguous": { type: "tool.ambiguous", effectId, name: "n", attempt: 0 },
  "tool.refused": { type: "tool.refused", callId, name: "n", code: "tool_unknown", message: "m" },
  "input.consumed": { type: "input.consumed", inputId: "in_1" as never, boundary: "begin" },
  "limit.reached": { type: "limit.reached", limit: "tokens" },
  "wait.opened": { type: "wait.opened", effectId, reason: { type: "tool_pending", callId, tool: "n" } },
  "wait.settled": { type: "wait.settled", effectId, resolution: "ok" },
  "turn.cancelling": { type: "turn.cancelling", evidence },
  "turn.ended": { type: "turn.ended", outcome: { status: "cancelled", evidence } },
  "turn.committed": { type: "turn.committed", sequence: 0, digest: "d" },
};

describe("an event on the wire", () => {
  it.each(Object.values(BODIES))(
    "$type: is what its schema says, in snake_case, contents untouched",
    (body) => {
      const event = Object.assign({ id: "7.0", seq: 7, turnId: "turn_1", at: 99 }, body) as TurnEvent;
      const wire = wireEvent(event);
      expect(wireEventSchema.parse(wire)).toEqual(wire);
      expect(wire).toMatchObject({ type: body.type, id: "7.0", turn_id: "turn_1", at: 99 });
      const keys = JSON.stringify(wire).replaceAll("camelCase", "contents");
      expect(keys).not.toMatch(/"[a-z]+[A-Z]\w*":/);
      if (body.type === "tool.finished") expect(JSON.stringify(wire)).toContain("camelCase");
    },
  );
});
