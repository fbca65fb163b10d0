// What the begin of a turn does in short ways is what the long ways do.
import { initialState, inputId, loadJsonDigest, standard, step, type TurnInput } from "@pawl/core";
import { describe, expect, it } from "vitest";
import { configHasher } from "../../src/turn-driver/config-hasher.ts";
import { begunTurn, foldTurn } from "../../src/turn-driver/fold-turn.ts";
import { configOf, definition } from "../support/effect-under-test.ts";

const MACHINE = { config: configOf({ tools: [definition()] }), protocol: standard() };

const begin = (over: object = {}): TurnInput => ({
  type: "begin",
  now: 5,
  sessionId: "s1",
  turnId: "turn_1",
  inputs: [{ inputId: inputId("in_1"), parts: [{ type: "text", text: "hi" }] }],
  base: { revision: 0, messages: 0 },
  ...over,
});

describe("a turn that was just begun", () => {
  it.each([
    ["that goes on", {}],
    ["that is refused", { refusal: { code: "x", message: "no" } }],
    ["that was cancelled before", { cancel: { requestId: "r", origin: "user", requestedAt: 1 } }],
  ])("stands where its row says (D6, D26): one %s", (_, over) => {
    const input = begin(over);
    const row = { seq: 1, turnId: "turn_1", ordinal: 0, at: 5, body: { kind: "machine_input", input } };
    expect(begunTurn(step(MACHINE, initialState(), input))).toEqual(foldTurn(MACHINE, [row as never]));
  });
});

describe("the hash of a configuration (D7)", () => {
  it("is that of its canonical JSON, the first time and again, whatever the order of its members", async () => {
    const digest = await loadJsonDigest();
    const hashOf = configHasher();
    const { tools, ...rest } = MACHINE.config;
    const turned = { tools, ...rest };
    for (const config of [MACHINE.config, MACHINE.config, turned]) {
      expect(await hashOf(config)).toBe(digest(MACHINE.config));
    }
    for (let n = 0; n < 70; n++) {
      const config = configOf({ agent: { name: `a${n % 35}` } });
      expect(await hashOf(config)).toBe(digest(config));
    }
  });
});
