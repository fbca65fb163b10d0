import { memoryStore } from "@pawl/store-memory";
import { describe, expect, it } from "vitest";
import { changeStoredKeyring, keysOf, rotated, without } from "../../src/keys/stored-keyring.ts";
import { parseSigningKeys, storedSecret } from "../../src/signing-keys.ts";

const K = (id: string) => `${id}:${Buffer.alloc(32, id).toString("base64")}`;
const uses = (keyring: string) => keysOf(keyring).map(({ id, use }) => `${id} ${use}`);

describe("rotating the keys", () => {
  it("with nobody running puts a new key in front, and the old one goes on verifying", () => {
    const once = rotated(K("k1"), { now: true });
    expect(uses(once)).toEqual(["k2 signs", "k1 verifies"]);
    expect(parseSigningKeys(once)).toHaveLength(2);
    expect(uses(rotated(once, { now: true }))).toEqual(["k3 signs", "k2 verifies", "k1 verifies"]);
  });

  it("with others running lets the new key only verify first, and the same key sign the next time", () => {
    const begun = rotated(K("k1"), { now: false });
    expect(uses(begun)).toEqual(["k1 signs", "k2 next"]);
    const done = rotated(begun, { now: false });
    expect(uses(done)).toEqual(["k2 signs", "k1 verifies"]);
    expect(done.split(",").sort()).toEqual(begun.split(",").sort());
  });

  it("leaves names of one's own alone, which are older than all that are made here", () => {
    expect(uses(rotated(`${K("spring")},${K("winter")}`, { now: true }))).toEqual([
      "k1 signs",
      "spring verifies",
      "winter verifies",
    ]);
  });

  it("makes a key of its own each time", () => {
    expect(rotated(K("k1"), { now: true })).not.toBe(rotated(K("k1"), { now: true }));
  });
});

describe("dropping a key", () => {
  it("takes away one that does not sign, and no other", () => {
    const keyring = `${K("k2")},${K("k1")}`;
    expect(without(keyring, "k1")).toBe(K("k2"));
    expect(() => without(keyring, "k2")).toThrow(expect.objectContaining({ code: "key_in_use" }));
    expect(() => without(keyring, "k3")).toThrow(expect.objectContaining({ code: "key_unknown" }));
  });
});

describe("the keyring of the store", () => {
  it("is changed by one at a time", async () => {
    const store = memoryStore();
    await store.open();
    const first = await storedSecret(store.secrets);
    const changed = await changeStoredKeyring(store.secrets, (keyring) => rotated(keyring, { now: true }));
    expect(changed.endsWith(first)).toBe(true);
    expect(await storedSecret(store.secrets)).toBe(changed);
    const late = { ...store.secrets, replace: async () => false };
    await expect(changeStoredKeyring(late, (keyring) => `${keyring}x`)).rejects.toMatchObject({
      code: "key_conflict",
    });
  });
});
