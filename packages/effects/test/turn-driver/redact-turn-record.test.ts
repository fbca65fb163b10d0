import { DEFAULT_LIMITS, type EffectId, type SessionId, type TurnId } from "@pawl/core";
import { describe, expect, it } from "vitest";
import { redactTurnRecord, type TurnRecord } from "../../src/turn-driver/index.ts";

function recordWith(environment: TurnRecord["config"]["environment"], text = "done"): TurnRecord {
  const turnId = "turn_1" as TurnId;
  return {
    format: "pawl-turn",
    version: 1,
    sessionId: "token=is-a-name",
    turnId,
    config: {
      version: 1,
      protocol: "standard",
      agent: { name: "a" },
      tools: [],
      limits: DEFAULT_LIMITS,
      refreshTools: "turn",
      ...(environment !== undefined && { environment }),
    },
    rows: [],
    receipt: {
      version: 1,
      sessionId: "token=is-a-name" as SessionId,
      runId: turnId,
      boundary: "turn_end",
      sequence: 0,
      inputIds: [],
      baseRevision: 0,
      revision: 1,
      messageCount: 2,
      deltaDigest: "d",
      outcome: { status: "completed", text },
      previous: null,
      digest: "e",
    },
    redacted: false,
  };
}

describe("a redacted record", () => {
  it.each([
    ["--api-key hunter22 --verbose", "--api-key [redacted] --verbose"],
    ["server --token=hunter22", "server --token=[redacted]"],
    ["MY_SECRET=hunter22 server", "MY_SECRET=[redacted] server"],
    ["https://x.io/mcp?api_key=hunter22&b=1", "https://x.io/mcp?api_key=[redacted]&b=1"],
    ["postgres://user:hunter22@db/x", "postgres://user:[redacted]@db/x"],
    ["Bearer hunter22hunter22", "[redacted]"],
  ])("has no credential of %s", (text, redacted) => {
    const { config } = redactTurnRecord(recordWith({ mcp: [{ command: text }] }));
    expect(config.environment).toEqual({ mcp: [{ command: redacted }] });
  });

  it.each([
    "how many tokens were used",
    "a secret garden",
    "the password is forgotten",
    "https://x.io:80/a@b",
  ])("keeps %s", (text) => {
    const record = recordWith({ note: text });
    expect(redactTurnRecord(record)).toEqual(record);
  });

  it("has no credential in its outcome, and keeps ids and digests", () => {
    const record = recordWith(undefined, "your key is sk-abcdefghijklmnop1234");
    const redacted = redactTurnRecord(record);
    const outcome = { status: "completed", text: "your key is [redacted]" };
    expect(redacted).toEqual({ ...record, redacted: true, receipt: { ...record.receipt, outcome } });
  });

  it("has no piece of a credential that was streamed", () => {
    const delta = (seq: number, text: string) =>
      ({
        seq,
        turnId: "turn_1" as TurnId,
        ordinal: null,
        at: 0,
        body: { kind: "text_delta", effectId: "1.model_call.0" as EffectId, attempt: 0, text },
      }) as const;
    const record = { ...recordWith(undefined), rows: [delta(1, "sk-abcdefgh"), delta(2, "ijklmnop1234")] };
    expect(redactTurnRecord(record).rows).toEqual([]);
  });
});
