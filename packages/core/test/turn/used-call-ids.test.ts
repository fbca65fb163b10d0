import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AssistantMessage, Message } from "../../src/index.ts";
import { callId } from "../../src/index.ts";
import { usedCallIds } from "../../src/turn/phases/used-call-ids.ts";

let made = 0;
function said(...ids: readonly string[]): AssistantMessage {
  const parts = ids.map((id) => ({ type: "tool_call" as const, callId: callId(id), name: "x", input: {} }));
  return { id: `m${made++}`, role: "assistant", parts };
}

/** What it must be, by looking through everything. */
function plainly(delta: readonly Message[]): readonly string[] {
  const calls = delta.flatMap(({ parts }) => parts.filter((part) => part.type === "tool_call"));
  return [...new Set(calls.map((part) => String(part.callId)))].sort();
}

const of = (delta: readonly Message[]) => [...usedCallIds(delta)].sort();

describe("the ids of the calls of a turn (T1: a memo changes no answer)", () => {
  test("grow with the turn, and no messages have none", () => {
    expect(of([])).toEqual([]);
    const one = [said("a")];
    expect(of(one)).toEqual(["a"]);
    const two = [...one, said("b", "c")];
    expect(of(two)).toEqual(["a", "b", "c"]);
    expect(of(two)).toEqual(["a", "b", "c"]);
  });

  test("are those of the list that is asked about, whatever was asked before", () => {
    const pool = [said("a"), said("b"), said("a", "c"), said("d"), said()];
    fc.assert(
      fc.property(fc.array(fc.array(fc.nat(4), { maxLength: 6 }), { maxLength: 12 }), (turns) => {
        // Turns of one beginning that go on differently, are cut back, and are looked at again.
        const begin = said("z");
        const made = new Map<string, Message[]>([["", [begin]]]);
        for (const picks of turns) {
          let key = "";
          for (const pick of picks) {
            const before = made.get(key) ?? [begin];
            key += pick;
            if (!made.has(key)) made.set(key, [...before, { ...(pool[pick] as Message) }]);
            const delta = made.get(key) as Message[];
            expect(of(delta)).toEqual(plainly(delta));
            expect(of(before)).toEqual(plainly(before));
          }
        }
      }),
    );
  });
});
