import { memoryStore } from "@pawl/store-memory";
import { expect, it } from "vitest";
import { loadSigningKeys } from "../src/signing-keys.ts";

it("agrees on one key among all nodes of a store, when none is configured", async () => {
  const { secrets } = memoryStore();
  let n = 0;
  const random = (bytes: number) => new Uint8Array(bytes).fill(++n);
  const [first, second] = await Promise.all([
    loadSigningKeys(undefined, secrets, random),
    loadSigningKeys(undefined, secrets, random),
  ]);
  expect(second).toEqual(first);
  expect(first[0].secret).toHaveLength(32);
  const configured = [{ id: "mine", secret: new Uint8Array(32) }] as const;
  expect(await loadSigningKeys(configured, secrets, random)).toBe(configured);
});
