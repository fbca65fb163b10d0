import {
  type ApprovalFacts,
  checkApprovalReceipt,
  checkApprovalReceiptText,
  checkToolInput,
  createReceiptKey,
  createReceiptSigner,
} from "@pawl/effects/await-events";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const FACTS: ApprovalFacts = {
  approvalId: "a1",
  sessionId: "s1",
  turnId: "t1",
  tool: "refund",
  input: { cents: 8000, note: 'a "quoted" \\ word' },
  argumentHash: "aa",
  policyHash: "bb",
  decision: "edited",
  editedInput: { cents: 100 },
  by: "boss",
  via: "key",
  askedAt: 1,
  decidedAt: 2,
};
const signer = await createReceiptSigner(await createReceiptKey());
const receipt = await signer.sign(FACTS);

describe("a receipt", () => {
  it("proves what was decided with nothing but itself, and the same facts sign the same", async () => {
    expect(await checkApprovalReceipt(receipt)).toBeUndefined();
    expect(await checkApprovalReceipt(receipt, { publicKey: signer.publicKey })).toBeUndefined();
    expect(await signer.sign(FACTS)).toEqual(receipt);
    for (const indent of [0, 2, "\t"])
      expect(await checkApprovalReceiptText(JSON.stringify(receipt, null, indent))).toBeUndefined();
  });

  it("does not hold with any member changed, taken away or added", async () => {
    for (const name of Object.keys(receipt)) {
      const { [name as keyof typeof receipt]: was, ...without } = receipt;
      expect(await checkApprovalReceipt(without), name).toBeDefined();
      const changed = typeof was === "string" ? `${was}x` : was === null ? 1 : { ...receipt, was };
      expect(await checkApprovalReceipt({ ...receipt, [name]: changed }), name).toBeDefined();
    }
    expect(await checkApprovalReceipt({ ...receipt, more: 1 })).toBe("altered");
    expect(await checkApprovalReceipt({ ...receipt, editedInput: { cents: 101 } })).toBe("altered");
  });

  it("does not hold with any one character of its file changed", async () => {
    const text = JSON.stringify(receipt);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.string({ minLength: 1, maxLength: 1 }),
        async (at, char) => {
          fc.pre(char !== text[at] && !/[\t\n\r ]/.test(char));
          const altered = text.slice(0, at) + char + text.slice(at + 1);
          expect(await checkApprovalReceiptText(altered)).toBeDefined();
        },
      ),
      { numRuns: 300 },
    );
  });

  it("does not hold where a member stands twice: two readers would see two things", async () => {
    const twice = JSON.stringify(receipt).replace('"decision":', '"decision":"denied","decision":');
    expect(JSON.parse(twice)).toEqual(receipt);
    expect(await checkApprovalReceiptText(twice)).toBe("altered");
  });

  it("of somebody else holds by itself, and not for who knows the right key", async () => {
    const other = await createReceiptSigner(await createReceiptKey());
    const foreign = await other.sign(FACTS);
    expect(await checkApprovalReceipt(foreign)).toBeUndefined();
    expect(await checkApprovalReceipt(foreign, { publicKey: signer.publicKey })).toBe("other_key");
    expect(await checkApprovalReceipt({ ...foreign, publicKey: signer.publicKey })).toBe("altered");
  });

  it.each([null, 1, "x", {}, [], { format: "pawl-approval", version: 2 }])("is not %j", async (value) => {
    expect(await checkApprovalReceipt(value)).toBe("not_a_receipt");
    expect(await checkApprovalReceiptText(JSON.stringify(value))).toBe("not_a_receipt");
  });

  it("needs a key that can be read", async () => {
    await expect(createReceiptSigner("AAAA")).rejects.toMatchObject({ code: "secret_invalid" });
  });
});

describe("arguments that a person changed", () => {
  const tool = (inputSchema: object) =>
    ({ name: "t", description: "", onCrash: "ask", inputSchema: inputSchema as never }) as const;
  it("are checked by the tool's own description, where that can be checked", async () => {
    const schema = { type: "object", properties: { cents: { type: "integer" } }, required: ["cents"] };
    expect(await checkToolInput(tool(schema), { cents: 5 })).toBeUndefined();
    expect(await checkToolInput(tool(schema), { cents: "5" })).toContain("cents");
    expect(await checkToolInput(tool(schema), {})).toContain("cents");
    expect(await checkToolInput(tool({ $ref: "elsewhere" }), {})).toBeUndefined();
  });
});
