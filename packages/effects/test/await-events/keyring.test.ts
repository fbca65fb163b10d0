import { createKeyring, MIN_SECRET_BYTES, parseKeyring } from "@pawl/effects";
import { describe, expect, test } from "vitest";
import { awaitsOver, custom, keyringOf, SCOPE, secretBytes, setUp, YES } from "./awaits-under-test.ts";

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));
const GOOD = base64(secretBytes(1));

describe("a keyring", () => {
  test("is read with the newest secret first, in either base64, with or without padding", () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, i) => 0xfb ^ i);
    const url = base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const ring = parseKeyring(` new:${url} , old-1:${GOOD}`);
    expect(ring.current.id).toBe("new");
    expect(ring.all.map(({ id }) => id)).toEqual(["new", "old-1"]);
    expect([...ring.current.bytes]).toEqual([...bytes]);
    expect([...ring.all[1]!.bytes]).toEqual([...secretBytes(1)]);
  });

  test.each([
    ["nothing", ""],
    ["no id", `:${GOOD}`],
    ["no colon", "k1"],
    ["an id of other characters", `k 1:${GOOD}`],
    ["an id that is too long", `${"k".repeat(33)}:${GOOD}`],
    ["an id twice", `k1:${GOOD},k1:${base64(secretBytes(9))}`],
    ["no base64", "k1:not base64!"],
    ["an empty entry", `k1:${GOOD},`],
  ])("with %s is refused, and the message has the command that makes a good one", (_what, text) => {
    expect(() => parseKeyring(text)).toThrow(expect.objectContaining({ code: "secret_invalid" }));
    expect(() => parseKeyring(text)).toThrow(/randomBytes\(32\)/);
  });

  test.each([
    ["a short secret", secretBytes(1).slice(0, MIN_SECRET_BYTES - 1)],
    ["an empty secret", new Uint8Array()],
    ["one byte repeated", new Uint8Array(64).fill(7)],
    ["a word repeated", new TextEncoder().encode("secret".repeat(8))],
  ])("with %s is refused as too weak, without telling the secret", (_what, bytes) => {
    const make = () => createKeyring([{ id: "k1", bytes }]);
    expect(make).toThrow(expect.objectContaining({ code: "secret_too_weak" }));
    expect(make).toThrow(/randomBytes\(32\)/);
    const text = base64(bytes);
    if (text !== "") expect(() => parseKeyring(`k1:${text}`)).not.toThrow(text);
  });

  test("rotates: the new secret signs, the old ones verify until they are retired (D29)", async () => {
    const place = setUp();
    const before = await awaitsOver(place, keyringOf(["k1", 1]));
    const during = await awaitsOver(place, keyringOf(["k2", 99], ["k1", 1]));
    const after = await awaitsOver(place, keyringOf(["k2", 99]));
    const old = await before.key(SCOPE, custom("a"));
    const fresh = await during.key(SCOPE, custom("a"));
    expect([old.secretId, fresh.secretId]).toEqual(["k1", "k2"]);
    expect(fresh.keyId).toBe(old.keyId);
    expect([before.verify(old), during.verify(old), after.verify(old)]).toEqual([true, true, false]);
    expect([before.verify(fresh), during.verify(fresh), after.verify(fresh)]).toEqual([false, true, true]);
    // Both answer the same event.
    expect(await during.resolve(old, YES)).toEqual({ status: "accepted" });
    expect(await after.peek(fresh)).toEqual(YES);
  });
});
