import { describe, expect, test } from "vitest";
import type { Resolution } from "../../src/index.ts";
import { call, EVIDENCE, ok, T0, turn } from "./turn-under-test.ts";

const HASHES = { argumentHash: "a".repeat(64), policyHash: "p".repeat(64) };

const asked = (over: { expiresAt?: number } = {}) =>
  turn()
    .begin()
    .answer([call("a", "refund", { cents: 9 })])
    .launch("a", { status: "needs_approval", ...HASHES, ...over });

const told = (payload: Extract<Resolution, { status: "ok" }>["payload"]) =>
  asked().resolve("a", { status: "ok", payload });

describe("a call that needs approval", () => {
  test("waits for it with everything that a person must see, and with its own expiry only", () => {
    const t = asked({ expiresAt: T0 + 5 });
    expect(t.phase).toBe("waiting");
    expect(t.last.effects[0]?.command).toEqual({
      kind: "await_event",
      wait: { type: "custom", key: "approval:1.tool_call.0:0" },
      reason: { type: "approval", callId: "a", tool: "refund", input: { cents: 9 }, ...HASHES },
      deadline: T0 + 5,
    });
    expect(asked().last.effects[0]?.command).not.toHaveProperty("deadline");
  });

  test("approved, is performed under the same idempotency key and says who approved it", () => {
    const t = told({ decision: "approve" });
    expect(t.last.effects[0]).toMatchObject({
      id: "1.tool_call.0/1.attempt",
      command: { input: { cents: 9 }, attempt: 1, approvedBy: "1.tool_call.0/0.wait" },
    });
    expect(t.last.effects[0]?.command).toMatchObject({ idempotencyKey: `${t.state.turnId}/1.tool_call.0` });
    expect(t.tool("a", ok("refunded")).results).toEqual(['a ok "refunded"']);
  });

  test("approved with other arguments, is performed with those, and the model learns of it", () => {
    const t = told({ decision: "edit", input: { cents: 5 } });
    expect(t.last.effects[0]?.command).toMatchObject({ input: { cents: 5 } });
    t.tool("a", ok("refunded"));
    const result = t.state.delta.at(-1)?.parts[0];
    expect(result).toMatchObject({ status: "ok", output: { arguments: { cents: 5 }, result: "refunded" } });
  });

  test("an edited call that becomes ambiguous is asked about, and repeated, with the edited arguments", () => {
    const t = told({ decision: "edit", input: { cents: 5 } }).ambiguous("a");
    expect(t.last.effects[0]?.command).toMatchObject({
      reason: { type: "did_it_happen", input: { cents: 5 } },
    });
    t.resolve("a", { status: "ok", payload: { happened: false } });
    expect(t.last.effects[0]?.command).toMatchObject({ input: { cents: 5 }, attempt: 2 });
  });

  test("an edited call of which nobody knows the end says that it was edited", () => {
    const t = told({ decision: "edit", input: { cents: 5 } })
      .cancel()
      .fire("cancel_grace");
    expect(t.state.delta.at(-1)?.parts[0]).toMatchObject({
      status: "unknown",
      output: { arguments: { cents: 5 }, result: { code: "tool_outcome_unknown" } },
    });
  });

  const endings: [string, Resolution, string][] = [
    [
      "denied",
      { status: "ok", payload: { decision: "deny", reason: "too much" } },
      'a error "approval_denied"',
    ],
    ["expired", { status: "timeout" }, 'a error "approval_expired"'],
    ["cancelled", { status: "cancelled" }, 'a cancelled "tool_cancelled"'],
    ["unreadable", { status: "ok", payload: { decision: "maybe" } }, 'a error "approval_unreadable"'],
  ];
  test.each(endings)(
    "%s, is not performed, and the model can tell it from the other endings",
    (_, resolution, result) => {
      const t = asked().resolve("a", resolution);
      expect(t.phase).toBe("at_checkpoint");
      expect(t.results).toEqual([result]);
    },
  );

  test("of a turn that is cancelled was not begun, and the record says so", () => {
    const t = asked().cancel();
    expect(t.outcome).toEqual({ status: "cancelled", evidence: EVIDENCE });
    expect(t.results).toEqual(['a cancelled "tool_cancelled"']);
  });
});
