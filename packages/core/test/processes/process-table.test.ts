import { describe, expect, test } from "vitest";
import {
  decideProcessEvent,
  type ProcessEventBody,
  type ProcessOwner,
  planProcessAppend,
  processId,
  sessionId,
} from "../../src/index.ts";
import { OWNERS, registrationOf } from "./arbitrary-events.ts";

const [A1, A2] = OWNERS as [ProcessOwner, ProcessOwner, ProcessOwner];
const started = (owner: ProcessOwner): ProcessEventBody => ({ type: "started", attempt: 0, owner });

function recordOf(
  kind: "rerunnable" | "owner_bound" | "external",
  ...more: readonly [ProcessEventBody, ProcessOwner | null][]
) {
  const all = [[{ type: "registered", registration: registrationOf(kind) }, null], ...more] as const;
  let record = null;
  for (const [body, by] of all) {
    const plan = planProcessAppend(processId("p1"), record, [body], by, 1);
    if (plan.type === "refuse") throw new Error(plan.message);
    record = plan.record;
  }
  return record!;
}

const code = (decision: ReturnType<typeof decideProcessEvent>) =>
  decision.type === "refuse" ? decision.code : decision.type;

describe("the table of process events", () => {
  test("nothing comes before the registration, and the same registration again changes nothing", () => {
    expect(code(decideProcessEvent(null, { type: "cancelled" }, null))).toBe("process_unknown");
    const record = recordOf("rerunnable");
    const again = (input: number): ProcessEventBody => ({
      type: "registered",
      registration: registrationOf("rerunnable", { input }),
    });
    expect(code(decideProcessEvent(record, again(7), null))).toBe("store_conflict");
    const same: ProcessEventBody = { type: "registered", registration: registrationOf("rerunnable") };
    expect(code(decideProcessEvent(record, same, null))).toBe("nothing");
  });

  test("who did not enter the body cannot speak for it", () => {
    const open = recordOf("rerunnable");
    const end: ProcessEventBody = { type: "completed", output: 1 };
    expect(code(decideProcessEvent(open, end, null))).toBe("process_not_owner");
    expect(code(decideProcessEvent(open, end, A1))).toBe("process_not_owner");
    const running = recordOf("rerunnable", [started(A1), A1]);
    expect(code(decideProcessEvent(running, end, A2))).toBe("process_not_owner");
    expect(code(decideProcessEvent(running, end, A1))).toBe("append");
  });

  test("signals are only those that were declared; a name of Object's own is not one", () => {
    const open = recordOf("rerunnable");
    const signal = (name: string): ProcessEventBody => ({ type: "signal", name, ordinal: 0, payload: null });
    expect(decideProcessEvent(open, signal("rate"), null)).toMatchObject({ body: { ordinal: 1 } });
    expect(code(decideProcessEvent(open, signal("toString"), null))).toBe("process_signal_invalid");
  });

  test("abandoned needs evidence that fits", () => {
    const gone = (owner: ProcessOwner): ProcessEventBody => ({
      type: "abandoned",
      evidence: { type: "owner_gone", owner },
    });
    const bound = recordOf("owner_bound", [started(A1), A1]);
    expect(code(decideProcessEvent(bound, gone(A1), A2))).toBe("append");
    expect(code(decideProcessEvent(bound, gone(A1), A1)), "the owner itself lives").toBe(
      "process_evidence_missing",
    );
    expect(code(decideProcessEvent(bound, gone(A2), A1)), "somebody else's owner").toBe(
      "process_evidence_missing",
    );
    expect(code(decideProcessEvent(bound, gone(A1), null)), "nobody has looked").toBe(
      "process_evidence_missing",
    );
    expect(code(decideProcessEvent(recordOf("rerunnable", [started(A1), A1]), gone(A1), A2))).toBe(
      "process_evidence_missing",
    );
    const reported: ProcessEventBody = { type: "abandoned", evidence: { type: "reported", by: "ana" } };
    expect(code(decideProcessEvent(recordOf("external"), reported, null))).toBe("append");
    expect(code(decideProcessEvent(bound, reported, null))).toBe("process_evidence_missing");
  });

  test("several events are decided one after the other, and all or none", () => {
    const bodies: readonly ProcessEventBody[] = [
      { type: "registered", registration: registrationOf("external") },
      { type: "grant_added", sessionId: sessionId("s1") },
      { type: "grant_added", sessionId: sessionId("s1") },
    ];
    const plan = planProcessAppend(processId("p1"), null, bodies, null, 5);
    expect(plan.type === "append" && plan.events.map(({ seq, body }) => [seq, body.type])).toEqual([
      [1, "registered"],
      [2, "grant_added"],
    ]);
    const bad = planProcessAppend(processId("p1"), null, [...bodies, { type: "left", owner: A1 }], null, 5);
    expect(bad).toMatchObject({ type: "refuse", code: "process_not_owner" });
  });
});
