import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as codec from "../../src/codec/index.ts";
import {
  type CommitReceipt,
  canonicalJson,
  type EffectKind,
  isPawlError,
  type Json,
  type LogBody,
  loadJsonDigest,
  type MachineEvent,
  type ProcessEventBody,
  type ProcessEventType,
  type ToolLaunch,
  type TurnInput,
  verifyReceipt,
  type WaitReason,
} from "../../src/index.ts";
import { play } from "../turn/play-script.ts";
import { runScript } from "../turn/random-turn.ts";

/**
 * Bytes that version 1 wrote. They are never edited and never deleted: a change of a shape brings a new version, a new file
 * beside these, and a decoder that reads both.
 */
function fixture(name: string): readonly unknown[] {
  const text = readFileSync(new URL(`../fixtures/${name}.jsonl`, import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const LOG_BODIES = fixture("log-bodies.v1") as readonly LogBody[];
const READERS: { readonly [name: string]: (value: unknown, version?: number) => unknown } = {
  "log-bodies.v1": codec.decodeLogBody,
  "turn-configs.v1": codec.decodeTurnConfig,
  "input-contents.v1": codec.decodeInputContent,
  "messages.v1": codec.decodeMessage,
  "turn-outcomes.v1": codec.decodeTurnOutcome,
  "usages.v1": codec.decodeUsage,
  "cancel-requests.v1": codec.decodeCancelEvidence,
  "process-events.v1": codec.decodeProcessEventBody,
  "process-records.v1": codec.decodeProcessRecord,
};

describe.each(Object.entries(READERS))("%s", (name, decode) => {
  test.each(fixture(name).map((value) => [JSON.stringify(value).slice(0, 90), value] as const))(
    "%s… decodes for ever, to the same bytes",
    (_, value) => {
      expect(canonicalJson(decode(value))).toBe(canonicalJson(value));
    },
  );
});

test("receipts.v1 decode for ever, verify, and are a chain", async () => {
  const digest = await loadJsonDigest();
  const chain = fixture("receipts.v1") as readonly { inputDigests: string[]; receipt: CommitReceipt }[];
  const receipts = chain.map(({ receipt, inputDigests }) => {
    const decoded = codec.decodeReceipt(receipt);
    expect(verifyReceipt(decoded, inputDigests, digest)).toBe(true);
    return decoded;
  });
  expect(receipts[1]?.previous).toBe(receipts[0]?.digest);
});

test("a receipt with a fact too much is decoded with it, so that it does not verify", async () => {
  const [first] = fixture("receipts.v1") as readonly { inputDigests: string[]; receipt: CommitReceipt }[];
  const decoded = codec.decodeReceipt({ ...first?.receipt, note: "trust me" });
  expect(verifyReceipt(decoded, first?.inputDigests ?? [], await loadJsonDigest())).toBe(false);
});

test("the fixtures have every kind of process event there is", () => {
  const types = new Set(fixture("process-events.v1").map((body) => (body as ProcessEventBody).type));
  const all: Record<ProcessEventType, 1> = {
    registered: 1,
    grant_added: 1,
    grant_revoked: 1,
    transferred: 1,
    started: 1,
    left: 1,
    step_done: 1,
    signal: 1,
    cancel_requested: 1,
    progress: 1,
    completed: 1,
    failed: 1,
    cancelled: 1,
    abandoned: 1,
  };
  expect([...types].sort()).toEqual(Object.keys(all).sort());
});

test("the fixtures have every kind of row, input, outcome and event there is", () => {
  const kinds = {
    body: new Set<string>(),
    input: new Set<string>(),
    outcome: new Set<string>(),
    launch: new Set<string>(),
    event: new Set<string>(),
    reason: new Set<string>(),
  };
  for (const body of LOG_BODIES) {
    kinds.body.add(body.kind);
    if (body.kind !== "machine_input") continue;
    kinds.input.add(body.input.type);
    if (body.input.type === "effect_settled") {
      const { outcome } = body.input;
      kinds.outcome.add(outcome.kind);
      if (outcome.kind === "tool_call") kinds.launch.add(outcome.launch.status);
    }
    for (const event of body.events ?? []) {
      kinds.event.add(event.type);
      if (event.type === "wait.opened") kinds.reason.add(event.reason.type);
    }
  }
  // Written out as records, so that a new kind does not compile before it is here and in a fixture.
  const bodies: Record<LogBody["kind"], 1> = {
    machine_input: 1,
    effect_intent: 1,
    step_done: 1,
    text_delta: 1,
    attempt_reset: 1,
    pruned: 1,
    turn_committed: 1,
  };
  const inputs: Record<TurnInput["type"], 1> = {
    begin: 1,
    effect_settled: 1,
    timer_fired: 1,
    cancel_requested: 1,
    give_up: 1,
  };
  const outcomes: Record<EffectKind, 1> = {
    model_call: 1,
    direct_model_call: 1,
    tool_call: 1,
    exec_code: 1,
    checkpoint: 1,
    sync_environment: 1,
    sleep: 1,
    await_event: 1,
    peek_await_event: 1,
    process: 1,
    durable_step: 1,
  };
  const launches: Record<ToolLaunch["status"], 1> = {
    done: 1,
    pending: 1,
    ambiguous: 1,
    needs_approval: 1,
    not_begun: 1,
    delegated: 1,
  };
  const reasons: Record<WaitReason["type"], 1> = {
    tool_pending: 1,
    did_it_happen: 1,
    approval: 1,
    budget: 1,
    agent: 1,
    custom: 1,
  };
  const events: Record<MachineEvent["type"], 1> = {
    "tool.refused": 1,
    "input.consumed": 1,
    "limit.reached": 1,
    "wait.opened": 1,
    "turn.cancelling": 1,
    "turn.ended": 1,
  };
  expect([...kinds.body].sort()).toEqual(Object.keys(bodies).sort());
  expect([...kinds.input].sort()).toEqual(Object.keys(inputs).sort());
  expect([...kinds.outcome].sort()).toEqual(Object.keys(outcomes).sort());
  expect([...kinds.launch].sort()).toEqual(Object.keys(launches).sort());
  expect([...kinds.event].sort()).toEqual(Object.keys(events).sort());
  expect([...kinds.reason].sort()).toEqual(Object.keys(reasons).sort());
});

test("whatever a turn feeds and says survives being stored and read", () => {
  fc.assert(
    fc.property(runScript, (script) => {
      for (const line of play(script).bytes.split("\n").slice(1)) {
        const { input, last } = JSON.parse(line) as { input: TurnInput; last: { events: Json } };
        const body = { kind: "machine_input", input, events: last.events };
        expect(canonicalJson(codec.decodeLogBody(body))).toBe(canonicalJson(body));
      }
    }),
    { numRuns: 100 },
  );
});

test("what a newer node of the same version added is kept", () => {
  const body = { kind: "turn_committed", sequence: 0, digest: "d", shard: 7 };
  expect(codec.decodeLogBody(body)).toEqual(body);
});

function failure(decode: () => unknown) {
  try {
    decode();
  } catch (error) {
    if (isPawlError(error, "decode_failed")) return error;
    throw error;
  }
  throw new Error("It was decoded.");
}

describe("decode_failed names where it is", () => {
  const settled = (outcome: unknown) => ({
    kind: "machine_input",
    input: { type: "effect_settled", now: 1, effectId: "1.model_call.0", outcome },
  });
  const call = { type: "tool_call", callId: "c", name: "t" };
  const answer = (part: unknown) =>
    settled({
      kind: "model_call",
      textStreamed: false,
      result: {
        ok: true,
        answer: {
          parts: [part],
          terminalReason: "stop",
          model: "m",
          usage: {
            modelCalls: 1,
            inputTokens: 1,
            outputTokens: 1,
            reasoningTokens: 0,
            cachedInputTokens: 0,
          },
        },
      },
    });

  test.each<readonly [unknown, string]>([
    [undefined, ""],
    [null, ""],
    ["a string", ""],
    [[], ""],
    [{}, "/kind"],
    [{ kind: "rewound" }, "/kind"],
    [{ kind: "machine_input" }, "/input"],
    [{ kind: "machine_input", input: { type: "reboot" } }, "/input/type"],
    [settled({ kind: "tool_call" }), "/input/outcome/launch"],
    [settled({ kind: "tool_call", launch: { status: "lost" } }), "/input/outcome/launch/status"],
    [settled({ kind: "await_event", resolution: { status: "ok" } }), "/input/outcome/resolution/payload"],
    [answer(call), "/input/outcome/result/answer/parts/0/input"],
    [{ kind: "turn_committed", sequence: -1, digest: "d" }, "/sequence"],
    [{ kind: "turn_committed", sequence: "0", digest: "d" }, "/sequence"],
    [{ kind: "text_delta", effectId: "1.model_call.0", attempt: 0.5, text: "a" }, "/attempt"],
  ])("%j", (body, path) => {
    const error = failure(() => codec.decodeLogBody(body));
    expect(error.details).toEqual({ shape: "log body", path });
    expect(error.blame).toBe("infrastructure");
    expect(error.message).toContain(`"${error.details.path}"`);
  });

  test("never says what was stored there", () => {
    const secret = { kind: "text_delta", effectId: "e", attempt: 0, text: { secret: "hunter2" } };
    expect(failure(() => codec.decodeLogBody(secret)).message).not.toContain("hunter2");
  });
});

describe("versions", () => {
  test.each([2, 99])("%i is newer than this node", (version) => {
    const error = failure(() => codec.decodeLogBody(LOG_BODIES[0], version));
    expect(error.details).toEqual({ shape: "log body", path: "/version", version });
    expect(error.message).toContain("Upgrade this node");
    const config = { ...(fixture("turn-configs.v1")[0] as object), version };
    expect(failure(() => codec.decodeTurnConfig(config)).message).toContain("Upgrade this node");
  });

  test.each([0, -1, 1.5, Number.NaN])("%d never was", (version) => {
    expect(failure(() => codec.decodeInputContent({ parts: [] }, version)).message).toContain("damaged");
  });

  test.each([{}, { version: "1" }, { version: null }, null, 7])("a receipt like %j has none", (value) => {
    expect(failure(() => codec.decodeReceipt(value)).details.path).toBe("/version");
  });
});
