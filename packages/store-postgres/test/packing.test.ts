import type { CommitReceipt, LogBody, Message } from "@pawl/core";
import { canonicalJson } from "@pawl/core";
import { decodeLogBody, decodeMessage, decodeReceipt } from "@pawl/core/codec";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { packLogBody, separateBodies, unpackLogBody } from "../src/packing/log-body.ts";
import { packMessage, unpackMessage } from "../src/packing/message.ts";
import {
  DIGEST_PLACE,
  PREVIOUS_PLACE,
  packReceipt,
  packUsage,
  unpackReceipt,
  unpackUsage,
} from "../src/packing/receipt.ts";

const TURN = "turn_3f14";
const AT = 1_795_284_276_474;
const beside = { turnId: TURN, at: AT };
const usage = { modelCalls: 1, inputTokens: 12, outputTokens: 0, reasoningTokens: 0, cachedInputTokens: 3 };

/** A row of each kind that is frequent, as it is and as the first version of this packing stored it. */
const GOLDEN: readonly (readonly [body: unknown, packed: string])[] = [
  [
    {
      kind: "machine_input",
      input: {
        type: "begin",
        now: AT,
        sessionId: "s1",
        turnId: TURN,
        inputs: [{ inputId: "in_3f14", parts: [{ type: "text", text: "Work." }] }],
        base: { revision: 0, messages: 0 },
      },
      turn: { behaviour: "pawl-1", config: "633b" },
      events: [{ type: "input.consumed", inputId: "in_3f14", boundary: "begin" }],
    },
    `[1,[2,null,"s1",0,[[1,[[1,"Work."]]]],[0,0]],null,["pawl-1","633b"],[[1,1]]]`,
  ],
  [
    {
      kind: "machine_input",
      input: {
        type: "effect_settled",
        now: AT,
        effectId: "1.model_call.0",
        outcome: {
          kind: "model_call",
          result: {
            ok: true,
            answer: {
              parts: [{ type: "tool_call", callId: "c0", name: "work", input: { b: 1, a: null } }],
              terminalReason: "tool_use",
              usage,
              model: "bench/model",
            },
          },
          textStreamed: false,
        },
      },
      command: { kind: "model_call", iteration: 1, upTo: 1, toolChoice: "auto" },
    },
    `[1,[1,null,"1m",[1,[1,[[[2,"c0","work",{"b":1,"a":null}]],1,[1,12,null,null,3],"bench/model"]]]],[1,1,1,0]]`,
  ],
  [
    {
      kind: "machine_input",
      input: {
        type: "effect_settled",
        now: AT + 1,
        effectId: "1.tool_call.2",
        outcome: { kind: "tool_call", launch: { status: "done", result: { status: "ok", output: null } } },
      },
      command: { kind: "tool_call", callId: "c0", name: "work", input: {}, attempt: 0 },
    },
    `[1,[1,${AT + 1},"1t2",[2,[1,[1]]]],[2,"c0","work",{}]]`,
  ],
  [
    {
      kind: "machine_input",
      input: {
        type: "effect_settled",
        now: AT,
        effectId: "251.checkpoint.0",
        outcome: { kind: "checkpoint", inputs: [] },
      },
      command: { kind: "checkpoint", checkpoint: "before_completion" },
      events: [{ type: "turn.ended", outcome: { status: "completed", text: "Done." } }],
    },
    `[1,[1,null,"251c",[3,[]]],[3,1],null,[[2,[1,"Done."]]]]`,
  ],
  [
    { kind: "effect_intent", effectId: "1.tool_call.0", nonce: "n", attempt: 0, startBefore: 7 },
    `[2,"1t","n",0,7]`,
  ],
  [{ kind: "step_done", effectId: "1.tool_call.0", stepId: "a", value: [1] }, `[3,"1t","a",[1]]`],
  [{ kind: "text_delta", effectId: "1.model_call.0", attempt: 0, text: "Hi" }, `[4,"1m",null,"Hi"]`],
  [{ kind: "attempt_reset", effectId: "1.model_call.0", attempt: 2 }, `[5,"1m",2]`],
];

/** What is kept as it is, whole or in part. */
const KEPT: readonly (readonly [body: unknown, packed: string])[] = [
  [
    {
      kind: "effect_intent",
      effectId: "1.tool_call.0",
      nonce: "n",
      attempt: 0,
      startBefore: 7,
      left: [{ topic: "mail", payload: 1 }],
    },
    `{"kind":"effect_intent","effectId":"1.tool_call.0","nonce":"n","attempt":0,"startBefore":7,"left":[{"topic":"mail","payload":1}]}`,
  ],
  [
    { kind: "turn_committed", sequence: 0, digest: "d" },
    `{"kind":"turn_committed","sequence":0,"digest":"d"}`,
  ],
  [{ kind: "pruned", what: "text", rows: 3 }, `{"kind":"pruned","what":"text","rows":3}`],
  // A member that nobody knows, and members in another order (ADR 8).
  [
    { kind: "step_done", effectId: "1.tool_call.0", stepId: "a", value: 1, more: true },
    `{"kind":"step_done","effectId":"1.tool_call.0","stepId":"a","value":1,"more":true}`,
  ],
  [
    { kind: "step_done", stepId: "a", effectId: "1.tool_call.0", value: 1 },
    `{"kind":"step_done","stepId":"a","effectId":"1.tool_call.0","value":1}`,
  ],
  // An id that looks like one that was packed.
  [
    { kind: "attempt_reset", effectId: "1m", attempt: 2 },
    `{"kind":"attempt_reset","effectId":"1m","attempt":2}`,
  ],
  [
    {
      kind: "machine_input",
      input: { type: "timer_fired", now: AT, timer: "deadline" },
    },
    `[1,{"type":"timer_fired","now":${AT},"timer":"deadline"}]`,
  ],
];

describe("rows that share one", () => {
  test.each([
    ["one", `[1,[1]]`, [[[1, [1]], AT]]],
    ["one that is kept as it is", `{"kind":"pruned"}`, [[{ kind: "pruned" }, AT]]],
    [
      "two of one moment",
      `[0,[[3],{"kind":"new"}]]`,
      [
        [[3], AT],
        [{ kind: "new" }, AT],
      ],
    ],
    [
      "three",
      `[0,[[1],[2],[3]],[7,0]]`,
      [
        [[1], AT - 7],
        [[2], AT],
        [[3], AT],
      ],
    ],
  ])("%s", (_, text, bodies) => {
    expect(separateBodies(JSON.parse(text), AT).map(({ body, at }) => [body, at])).toEqual(bodies);
  });

  test.each([`[0]`, `[0,[]]`, `[0,[[1]]]`, `[0,{}]`, `[0,[[1],[2]],7]`, `[0,[[1],[2]],["x"]]`])(
    "K3: %s is refused",
    (text) => {
      expect(() => separateBodies(JSON.parse(text), AT)).toThrow();
    },
  );
});

const packed = (body: unknown) => JSON.stringify(packLogBody(body as LogBody, beside));
const unpacked = (text: string) => JSON.stringify(unpackLogBody(JSON.parse(text), beside));

describe("K1: unpacking gives what was packed, byte for byte (D26)", () => {
  test.each(GOLDEN)("row %#", (body, text) => {
    expect(packed(body)).toBe(text);
    expect(unpacked(text)).toBe(JSON.stringify(body));
    expect(text.length).toBeLessThan(JSON.stringify(body).length / 2);
    if ((body as LogBody).kind !== "machine_input") return;
    expect(() => decodeLogBody(body, 1)).not.toThrow();
  });

  test("whatever stands where", () => {
    const anything = fc.jsonValue() as fc.Arbitrary<unknown>;
    const word = fc.oneof(
      fc.constantFrom(
        "1m",
        "12.tool_call.0",
        "0.model_call.10",
        "01.checkpoint.0",
        ".user",
        TURN,
        `${TURN}.1.tool`,
      ),
      fc.string(),
    );
    const members = fc.record(
      {
        kind: fc.constantFrom(
          "machine_input",
          "step_done",
          "text_delta",
          "attempt_reset",
          "effect_intent",
          "new",
        ),
        input: fc.oneof(
          anything,
          fc.record(
            {
              type: fc.constantFrom("effect_settled", "begin", "give_up"),
              now: fc.oneof(fc.constant(AT), fc.integer(), fc.constant(null)),
              sessionId: word,
              turnId: word,
              effectId: word,
              inputs: fc.oneof(anything, fc.array(fc.record({ inputId: word, parts: fc.array(anything) }))),
              outcome: fc.oneof(
                anything,
                fc.record({
                  kind: fc.constantFrom("model_call", "tool_call", "checkpoint", "sleep"),
                  launch: fc.oneof(
                    anything,
                    fc.record({ status: fc.constantFrom("done", "pending"), result: anything }),
                  ),
                }),
              ),
            },
            { requiredKeys: ["type"] },
          ),
        ),
        command: anything,
        events: fc.oneof(anything, fc.array(fc.record({ type: word, inputId: word, boundary: word }))),
        turn: anything,
        effectId: word,
        stepId: word,
        attempt: fc.oneof(fc.constantFrom(0, null, "0"), fc.integer()),
        text: fc.oneof(word, anything),
        value: anything,
        nonce: word,
        startBefore: fc.integer(),
        more: anything,
      },
      { requiredKeys: ["kind"] },
    );
    fc.assert(
      fc.property(members, (body) => {
        const text = JSON.stringify(body);
        expect(unpacked(packed(JSON.parse(text)))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  test("messages, with the ids that follow from their turn", () => {
    const messages: readonly (readonly [Message, string])[] = [
      [
        { id: `${TURN}.user.in_3f14`, role: "user", parts: [{ type: "text", text: "Work." }] },
        `[2,0,[[1,"Work."]]]`,
      ],
      [
        {
          id: `${TURN}.1.assistant`,
          role: "assistant",
          parts: [{ type: "tool_call", callId: "c0" as never, name: "work", input: {} }],
        },
        `[".1.assistant",1,[[2,"c0","work",{}]]]`,
      ],
      [
        {
          id: `${TURN}.1.tool`,
          role: "tool",
          parts: [{ type: "tool_result", callId: "c0" as never, name: "work", status: "error", output: {} }],
        },
        `[".1.tool",2,[[3,"c0","work",1,{}]]]`,
      ],
      [
        {
          id: "other",
          role: "user",
          parts: [{ type: "image", ref: "sha256:00", mediaType: "a/b", bytes: 1 }],
        },
        `["other",0,[{"type":"image","ref":"sha256:00","mediaType":"a/b","bytes":1}]]`,
      ],
    ];
    for (const [message, text] of messages) {
      expect(JSON.stringify(packMessage(message, beside))).toBe(text);
      expect(JSON.stringify(unpackMessage(JSON.parse(text), beside))).toBe(JSON.stringify(message));
      expect(decodeMessage(unpackMessage(JSON.parse(text), beside))).toEqual(message);
    }
  });
});

describe("receipts", () => {
  const receipt: CommitReceipt = {
    version: 1,
    sessionId: "s1" as never,
    runId: TURN as never,
    boundary: "turn_end",
    sequence: 0,
    inputIds: ["in_3f14" as never, "in_other" as never],
    baseRevision: 3,
    revision: 4,
    messageCount: 9,
    deltaDigest: null,
    outcome: { status: "completed", text: "Done." },
    previous: null,
    digest: "d",
  };
  const besideReceipt = { sessionId: "s1", turnId: TURN, outcome: receipt.outcome };

  test.each([
    ["of the end of a turn", receipt, `[null,null,null,0,0,[1,"in_other"],3,4,9,null,0,null,"d"]`],
    [
      "of another boundary",
      { ...receipt, boundary: "immediate", outcome: null, deltaDigest: "x", previous: "p" } as const,
      `[null,null,null,1,0,[1,"in_other"],3,4,9,"x",null,"p","d"]`,
    ],
  ])("%s", (_, value, text) => {
    expect(JSON.stringify(packReceipt(value))).toBe(text);
    expect(JSON.stringify(unpackReceipt(JSON.parse(text), besideReceipt))).toBe(JSON.stringify(value));
    expect(JSON.parse(text)[DIGEST_PLACE]).toBe(value.digest);
    expect(JSON.parse(text)[PREVIOUS_PLACE]).toBe(value.previous);
    expect(decodeReceipt(unpackReceipt(JSON.parse(text), besideReceipt))).toEqual(value);
  });

  test("one whose turn has no outcome is refused", () => {
    const text = JSON.stringify(packReceipt(receipt));
    expect(() => unpackReceipt(JSON.parse(text), { ...besideReceipt, outcome: null })).toThrow();
  });

  test("usage", () => {
    expect(JSON.stringify(packUsage(usage))).toBe("[1,12,null,null,3]");
    expect(unpackUsage([1, 12, null, null, 3])).toEqual(usage);
    expect(packUsage({ ...usage, costNanoUsd: 5 })).toEqual([1, 12, null, null, 3, 5]);
    expect(packUsage({ ...usage, more: 5 } as never)).toEqual({ ...usage, more: 5 });
  });
});

describe("K2: what does not fit is kept as it is", () => {
  test.each(KEPT)("row %#", (body, text) => {
    expect(packed(body)).toBe(text);
    expect(unpacked(text)).toBe(JSON.stringify(body));
  });
});

describe("K3: what no packing of this version has made is refused", () => {
  test.each([
    ["an unknown tag", `[99]`],
    ["an unknown tag inside", `[1,[99]]`],
    ["more members than are known", `[3,"1t","a",1,2]`],
    ["an unknown word", `[1,[1,null,"1c",[3,[]]],[3,7]]`],
    ["no list where one stands", `[1,[1,null,"1c",[3,5]],[3,0]]`],
    ["an id that nothing gives", `[1,[1,null,5,[3,[]]],[3,0]]`],
  ])("%s", (_, text) => {
    expect(() => unpacked(text)).toThrow();
  });

  test("canonical JSON of both is the same", () => {
    for (const [body, text] of GOLDEN)
      expect(canonicalJson(unpackLogBody(JSON.parse(text), beside))).toBe(canonicalJson(body as never));
  });
});
