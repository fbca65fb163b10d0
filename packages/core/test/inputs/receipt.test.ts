import { beforeAll, describe, expect, test } from "vitest";
import {
  type CommitReceipt,
  inputId,
  type JsonDigest,
  loadJsonDigest,
  mintReceipt,
  type ReceiptFacts,
  sessionId,
  turnId,
  verifyReceipt,
} from "../../src/index.ts";

const FACTS: ReceiptFacts = {
  version: 1,
  sessionId: sessionId("s1"),
  runId: turnId("turn_1"),
  boundary: "turn_end",
  sequence: 0,
  inputIds: [inputId("in_1"), inputId("in_2")],
  baseRevision: 3,
  revision: 4,
  messageCount: 9,
  deltaDigest: "d".repeat(64),
  outcome: { status: "completed", text: "done" },
  previous: "p".repeat(64),
};
const INPUTS = ["a".repeat(64), "b".repeat(64)];
let digest: JsonDigest;
beforeAll(async () => {
  digest = await loadJsonDigest();
});

describe("a commit receipt (D21)", () => {
  test("is the same for the same boundary, whoever mints it", () => {
    const shuffled = Object.fromEntries(Object.entries(FACTS).reverse()) as unknown as ReceiptFacts;
    const receipt = mintReceipt(FACTS, INPUTS, digest);
    expect(mintReceipt(shuffled, INPUTS, digest)).toEqual(receipt);
    expect(receipt.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(verifyReceipt(JSON.parse(JSON.stringify(receipt)), INPUTS, digest)).toBe(true);
  });

  const tampers: { [Field in keyof ReceiptFacts]: ReceiptFacts[Field] } = {
    version: 2 as unknown as 1,
    sessionId: sessionId("s2"),
    runId: turnId("turn_2"),
    boundary: "run_checkpoint",
    sequence: 1,
    inputIds: [inputId("in_2"), inputId("in_1")],
    baseRevision: 2,
    revision: 5,
    messageCount: 8,
    deltaDigest: null,
    outcome: { status: "completed", text: "Done" },
    previous: null,
  };
  test.each(Object.entries(tampers))("does not verify with another %s", (field, value) => {
    const receipt: CommitReceipt = { ...mintReceipt(FACTS, INPUTS, digest), [field]: value };
    expect(verifyReceipt(receipt, INPUTS, digest)).toBe(false);
  });

  test("does not verify with another digest, other inputs, or a fact too much", () => {
    const receipt = mintReceipt(FACTS, INPUTS, digest);
    expect(verifyReceipt({ ...receipt, digest: "0".repeat(64) }, INPUTS, digest)).toBe(false);
    expect(verifyReceipt(receipt, [...INPUTS].reverse(), digest)).toBe(false);
    expect(verifyReceipt(receipt, INPUTS.slice(1), digest)).toBe(false);
    const more = { ...receipt, note: "trust me" } as CommitReceipt;
    expect(verifyReceipt(more, INPUTS, digest)).toBe(false);
  });

  test("a chain breaks at the receipt that was changed, and at every link over it", () => {
    const first = mintReceipt({ ...FACTS, previous: null }, INPUTS, digest);
    const second = mintReceipt({ ...FACTS, revision: 5, previous: first.digest }, INPUTS, digest);
    const forged = mintReceipt({ ...FACTS, previous: null, messageCount: 1 }, INPUTS, digest);
    expect(verifyReceipt(second, INPUTS, digest)).toBe(true);
    expect(second.previous).toBe(first.digest);
    expect(second.previous).not.toBe(forged.digest);
  });
});
