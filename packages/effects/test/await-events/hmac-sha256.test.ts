import fc from "fast-check";
import { createHMAC, createSHA256 } from "hash-wasm";
import { expect, test } from "vitest";
import { hmacSha256 } from "../../src/await-events/hmac-sha256.ts";

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

test("it is hash-wasm's own HMAC for any secret and text, one after another on one hasher", async () => {
  const sha256 = await createSHA256();
  const text = fc.oneof(
    fc.string({ unit: "binary-ascii", maxLength: 700 }),
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.integer({ min: 500, max: 520 }).map((length) => "x".repeat(length)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 150 }),
      fc.uint8Array({ minLength: 32, maxLength: 64 }),
      fc.array(text, { minLength: 1, maxLength: 4 }),
      async (one, other, texts) => {
        const secrets = [one, other];
        const made = secrets.map((secret) => hmacSha256(sha256, secret));
        for (const text of texts) {
          for (const [i, secret] of secrets.entries()) {
            const expected = (await createHMAC(createSHA256(), secret)).update(text).digest("hex");
            expect(hex(made[i]!(text))).toBe(expected);
          }
        }
      },
    ),
    { numRuns: 200 },
  );
});

test("test case 2 of RFC 4231", async () => {
  const hmac = hmacSha256(await createSHA256(), new TextEncoder().encode("Jefe"));
  expect(hex(hmac("what do ya want for nothing?"))).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});
