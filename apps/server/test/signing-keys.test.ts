import { memoryStore } from "@pawl/store-memory";
import { expect, it } from "vitest";
import { parseSigningKeys, storedSecret } from "../src/signing-keys.ts";

it("agrees on one secret among all nodes of a store, when none is configured", async () => {
  const { secrets } = memoryStore();
  const [first, second] = await Promise.all([storedSecret(secrets), storedSecret(secrets)]);
  expect(second).toBe(first);
  expect(parseSigningKeys(first)).toMatchObject([{ id: "k1", secret: expect.any(Uint8Array) }]);
  expect(await storedSecret(memoryStore().secrets)).not.toBe(first);
});
