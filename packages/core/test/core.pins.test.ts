import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import manifest from "../package.json" with { type: "json" };
import * as codec from "../src/codec/index.ts";
import * as root from "../src/index.ts";
import * as ports from "../src/ports/index.ts";

/**
 * What others rely on by name. A change here is a change for users: it needs a changeset, and what is persisted (replay keys,
 * effect ids, versions) needs a new behaviour version (D7).
 */
describe("export names", () => {
  test("of every entry point are listed here", () => {
    expect(Object.keys(manifest.exports)).toEqual([".", "./ports", "./codec", "./package.json"]);
  });

  test("@pawl/core", () => {
    expect(Object.keys(root).sort()).toMatchInlineSnapshot(`
      [
        "BEHAVIOUR",
        "CANCEL_GRACE_MS",
        "DEFAULT_LIMITS",
        "DEFAULT_MAX_CHILDREN",
        "DEFAULT_MAX_DEPTH",
        "INPUT_TRANSITIONS",
        "LAST_ANSWER_MS",
        "LIMIT_GRACE_MS",
        "LOG_VERSION",
        "MAX_ATTACHMENT_BYTES",
        "MAX_ID_LENGTH",
        "MAX_INPUT_ID_LENGTH",
        "MAX_KEY_LENGTH",
        "NO_USAGE",
        "PROCESS_VERSION",
        "PRUNE_KINDS",
        "PawlError",
        "RUNTIME_TRANSITIONS",
        "TERMINAL_REASONS",
        "TOOL_NAME",
        "TRANSITIONS",
        "acceptsInputs",
        "addUsage",
        "agent",
        "agentRef",
        "applyProcessEvent",
        "attachmentRef",
        "attachmentRefsIn",
        "awaitEventKeyId",
        "batchWithout",
        "belongsToRun",
        "callId",
        "canonicalJson",
        "checkAgents",
        "checkInputTransition",
        "checkInputUpsert",
        "checkRuntimeTransition",
        "checkWaitIdentity",
        "childEffectId",
        "childIds",
        "createEnvelope",
        "decideProcessEvent",
        "decideResolve",
        "delegateTo",
        "drivesTurns",
        "dueTimer",
        "effectId",
        "errorFacts",
        "eventsOfRow",
        "executionScope",
        "fallsWith",
        "findAgent",
        "foldProcess",
        "formatEventCursor",
        "initialState",
        "inputId",
        "inputIdsOfTurn",
        "inputName",
        "inputPolicy",
        "inputStateOf",
        "isControlWait",
        "isEnteredAtClaim",
        "isGranted",
        "isInnerWait",
        "isPawlError",
        "isProcessEnd",
        "isSameInputState",
        "isTerminalInput",
        "jobId",
        "jobSessionId",
        "jsonSchemaOf",
        "legalTransition",
        "limitReached",
        "loadBytesDigest",
        "loadJsonDigest",
        "mintReceipt",
        "mustMatch",
        "nextDeadline",
        "nodeId",
        "oneChangeAJob",
        "openCalls",
        "outstandingEffects",
        "ownedSessionId",
        "ownerOfSession",
        "parseEventCursor",
        "parseEventId",
        "planProcessAppend",
        "positionalEffectId",
        "processId",
        "promiseKey",
        "readApproval",
        "replayKey",
        "reservedForAgents",
        "scopeId",
        "scopeSessionId",
        "scopeTurnId",
        "sessionBeside",
        "sessionId",
        "sessionName",
        "sessionPrefix",
        "standard",
        "step",
        "tellsOthers",
        "textOf",
        "tombstoneOf",
        "tool",
        "toolOutput",
        "turnId",
        "turnIdOfInput",
        "validate",
        "validatesTurnTraceId",
        "verifyReceipt",
        "wakesTarget",
      ]
    `);
  });

  test("@pawl/core/codec", () => {
    expect(Object.keys(codec).sort()).toMatchInlineSnapshot(`
      [
        "CONTENT_VERSION",
        "decodeCancelEvidence",
        "decodeInputContent",
        "decodeLogBody",
        "decodeLogRow",
        "decodeMessage",
        "decodeProcessEventBody",
        "decodeProcessRecord",
        "decodeReceipt",
        "decodeTurnConfig",
        "decodeTurnOutcome",
        "decodeUsage",
      ]
    `);
  });

  test("@pawl/core/ports has types only", () => {
    expect(Object.keys(ports)).toEqual([]);
  });
});

test("error codes of core", () => {
  const codes = new Set<string>();
  for (const file of readdirSync("src", { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".ts")) continue;
    const source = readFileSync(`src/${file}`, "utf8");
    for (const [, code] of source.matchAll(/new PawlError\(\s*"([^"]+)"/g)) codes.add(code as string);
  }
  expect([...codes].sort()).toMatchInlineSnapshot(`
    [
      "agent_name_taken",
      "agent_unknown",
      "agent_version_unknown",
      "decode_failed",
      "input_transition_illegal",
      "invalid_agent_name",
      "invalid_agent_version",
      "invalid_await_event_wait_identity",
      "invalid_id",
      "invalid_limits",
      "invalid_principal",
      "invalid_tool_name",
      "invalid_tool_retry",
      "missing_execution_scope_id",
      "not_json",
      "runtime_transition_illegal",
      "schema_unsupported",
      "store_conflict",
      "tool_output_not_json",
    ]
  `);
});

describe("what is persisted", () => {
  const { executionScope, positionalEffectId, childEffectId, replayKey } = root;

  test("versions", () => {
    expect([root.BEHAVIOUR, root.LOG_VERSION, root.initialState().version]).toEqual(["pawl-1", 1, 1]);
  });

  test("effect ids and replay keys", () => {
    const effect = positionalEffectId(3, "tool_call", 1);
    const child = childEffectId(effect, 0, "a/b:c%d");
    expect([effect, child]).toEqual(["3.tool_call.1", "3.tool_call.1/0.a%2fb%3ac%25d"]);
    expect(
      [
        executionScope.turn("s:1", "turn_1"),
        executionScope.process("p1"),
        executionScope.queueDrain("s1", "d1"),
        executionScope.sessionDelete("s1"),
        executionScope.runtimeOperation("o1"),
      ].map((scope) => replayKey(scope, effect)),
    ).toEqual([
      "turn:s%3a1:turn_1:3.tool_call.1",
      "process::p1:3.tool_call.1",
      "queue_drain:s1:d1:3.tool_call.1",
      "session_delete:s1:s1:3.tool_call.1",
      "runtime_operation::o1:3.tool_call.1",
    ]);
  });

  test("the turn of an input", () => {
    expect([root.turnIdOfInput(root.inputId("in_1")), root.turnIdOfInput(root.inputId("x"))]).toEqual([
      "turn_1",
      "turn:x",
    ]);
  });
});

test("default bounds", () => {
  expect(root.DEFAULT_LIMITS).toEqual({
    maxIterations: 50,
    maxNoProgress: 3,
    maxWallMs: 3_600_000,
    onBudget: "last_answer",
  });
  expect([root.LAST_ANSWER_MS, root.LIMIT_GRACE_MS, root.CANCEL_GRACE_MS]).toEqual([120_000, 5_000, 5_000]);
});
