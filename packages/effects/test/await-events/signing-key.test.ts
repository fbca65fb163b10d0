// A receipt is the same text wherever it was signed: on the calling thread, or by Web Crypto where a runtime has no more than that.
import { checkApprovalReceipt, createReceiptKey, createReceiptSigner } from "@pawl/effects/await-events";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { decodeBase64url } from "../../src/await-events/base64url.ts";
import { builtInSign, readSigningKey, webSigningKey } from "../../src/await-events/signing-key.ts";

const text = await createReceiptKey();
const pkcs8 = new Uint8Array(decodeBase64url(text) ?? []);
const FACTS = {
  approvalId: "a1",
  sessionId: "s1",
  turnId: "t1",
  tool: "refund",
  input: { cents: 8000 },
  argumentHash: "aa",
  policyHash: "bb",
  decision: "approved",
  by: "boss",
  via: "host",
  askedAt: 1,
  decidedAt: 2,
} as const;

afterEach(() => vi.unstubAllGlobals());

describe("a signing key", () => {
  it("signs on this thread what Web Crypto signs, and Web Crypto verifies it", async () => {
    const web = await webSigningKey(pkcs8);
    const here = builtInSign(pkcs8);
    const raw = new Uint8Array(decodeBase64url(web.publicKey) ?? []);
    const publicKey = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_000 }), async (given) => {
        const bytes = new Uint8Array(given);
        const signature = new Uint8Array(here?.(bytes) ?? []);
        expect(signature).toEqual(await web.sign(bytes));
        expect(await crypto.subtle.verify("Ed25519", publicKey, signature, bytes)).toBe(true);
      }),
    );
  });

  it("signs at once where the runtime can", async () => {
    expect((await readSigningKey(text)).sign(new Uint8Array(3))).toBeInstanceOf(Uint8Array);
  });

  it.each([
    ["has no module", { getBuiltinModule: () => undefined }],
    ["cannot look one up", {}],
    ["has none of these keys", { getBuiltinModule: () => ({ createPrivateKey: refuse }) }],
    ["cannot sign with them", { getBuiltinModule: () => ({ createPrivateKey: () => ({}), sign: refuse }) }],
    [
      "signs otherwise",
      { getBuiltinModule: () => ({ createPrivateKey: () => ({}), sign: () => new Uint8Array(64) }) },
    ],
  ])("signs the same where the runtime %s", async (_, process) => {
    const expected = await (await createReceiptSigner(text)).sign(FACTS);
    vi.stubGlobal("process", process);
    const receipt = await (await createReceiptSigner(text)).sign(FACTS);
    expect(receipt).toEqual(expected);
    expect(await checkApprovalReceipt(receipt)).toBeUndefined();
  });

  it.each(["", "AAAA", "not base64url!", text.slice(0, -4)])("is not %j", async (bad) => {
    await expect(readSigningKey(bad)).rejects.toThrow();
  });
});

function refuse(): never {
  throw new Error("not here");
}
