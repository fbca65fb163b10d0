import { describe, expect, test } from "vitest";
import { checkWaitIdentity, isPawlError, type WaitIdentity } from "../../src/index.ts";

const signal = (over: object = {}): WaitIdentity => ({
  type: "process_signal",
  processId: "p",
  signal: "s",
  ordinal: 1,
  ...over,
});
const tool = (callId: string): WaitIdentity => ({ type: "tool_completion", callId });
const custom = (key: string): WaitIdentity => ({ type: "custom", key });

describe("what an await-event waits for", () => {
  test.each([
    tool("c"),
    signal(),
    signal({ ordinal: 9 }),
    { type: "cancel_gate" },
    { type: "turn_terminal" },
    custom("k"),
  ] as const)("%j is one", (wait) => {
    expect(checkWaitIdentity(wait)).toBe(wait);
  });

  test.each([
    tool(""),
    tool(" "),
    custom("\t"),
    signal({ processId: "" }),
    signal({ signal: " " }),
    signal({ ordinal: 0 }),
    signal({ ordinal: 1.5 }),
    signal({ ordinal: Number.NaN }),
    signal({ ordinal: 2 ** 53 }),
  ])("%j is none", (wait) => {
    let thrown: unknown;
    try {
      checkWaitIdentity(wait);
    } catch (error) {
      thrown = error;
    }
    expect(isPawlError(thrown, "invalid_await_event_wait_identity")).toBe(true);
  });
});
