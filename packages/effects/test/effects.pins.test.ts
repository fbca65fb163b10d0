import { isPawlError } from "@pawl/core";
import * as root from "@pawl/effects";
import * as guards from "@pawl/effects/guards";
import * as processes from "@pawl/effects/processes";
import * as turnDriver from "@pawl/effects/turn-driver";
import { describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import * as errors from "../src/errors.ts";

/** What others rely on by name. A change here is a change for users: it needs a changeset. */
describe("public names stay what they are", () => {
  it("the entries", () =>
    expect(Object.keys(manifest.exports)).toMatchInlineSnapshot(`
      [
        ".",
        "./await-events",
        "./turn-driver",
        "./guards",
        "./processes",
        "./package.json",
      ]
    `));
  it("@pawl/effects/processes", () =>
    expect(Object.keys(processes).sort()).toMatchInlineSnapshot(`
      [
        "awaitProcessEnd",
        "createProcessCommands",
        "createProcessRunner",
        "declareSignals",
        "defineProcess",
        "processUnknown",
        "processWaitExecutor",
      ]
    `));
  it("@pawl/effects", () =>
    expect(Object.keys(root).sort()).toMatchInlineSnapshot(`
      [
        "DEFAULT_TOOL_TIMEOUT_MS",
        "HOT_WAIT_MS",
        "MAKE_SECRET_COMMAND",
        "MIN_SECRET_BYTES",
        "MODEL_RETRY",
        "awaitEventExecutor",
        "backoffMs",
        "cancelChild",
        "childTurnExecutor",
        "createAwaitEvents",
        "createEffectHost",
        "createKeyring",
        "decideReplay",
        "delegatingExecutor",
        "differingPaths",
        "directModelExecutor",
        "durableStepExecutor",
        "execCodeExecutor",
        "formatKey",
        "inline",
        "interruptibleWait",
        "joinToolboxes",
        "journaled",
        "jsonSchema",
        "jsonSchemaCheck",
        "modelExecutor",
        "modelRequest",
        "newInput",
        "parseKey",
        "parseKeyring",
        "peekAwaitEventExecutor",
        "processExecutor",
        "scopedController",
        "sleepExecutor",
        "sleepUntil",
        "staticToolbox",
        "syncEnvironmentExecutor",
        "systemClock",
        "toolExecutor",
        "unavailableExecutor",
        "unsupportedAwaitEvents",
      ]
    `));
  it("@pawl/effects/guards", () =>
    expect(Object.keys(guards).sort()).toMatchInlineSnapshot(`
    [
      "approvalGuard",
      "argumentHash",
      "budgetGuard",
      "cancelGuard",
      "deadlineGuard",
      "grantGuard",
    ]
  `));
  it("@pawl/effects/turn-driver", () =>
    expect(Object.keys(turnDriver).sort()).toMatchInlineSnapshot(`
      [
        "MAX_RESULT_BYTES",
        "agentEnvironment",
        "createTurnDriver",
        "foldTurn",
        "loadTurnRecord",
        "planFork",
        "redactTurnRecord",
        "replayTurn",
      ]
    `));
});

describe("error codes stay what they are", () => {
  it.each([
    [errors.wrongOutcome("sleep", "process"), "runtime_effect_wrong_outcome", "host"],
    [errors.executorUnavailable("sleep"), "runtime_effect_local_executor_unavailable", "host"],
    [errors.executorMismatch("step", "sleep"), "runtime_effect_local_executor_mismatch", "host"],
    [errors.nondeterminism("1.sleep.0", ["/dueAt"]), "nondeterminism_detected", "host"],
    [errors.driveEnded(new Error("x")), "drive_ended", "infrastructure"],
  ] as const)("%s", (error, code, blame) => {
    expect(isPawlError(error, code)).toBe(true);
    expect(error).toMatchObject({ code, blame });
    // What happened, and what to do.
    expect(error.message.split(/[.;:] /).length).toBeGreaterThan(1);
  });
});
