// A2: whatever is wrong with a key, the answer is the same, and nothing happens.
import { executionScope } from "@pawl/core";
import { type AwaitEventKey, type AwaitEvents, formatKey, parseKey } from "@pawl/effects";
import { beforeAll, describe, expect, test } from "vitest";
import {
  awaitsOver,
  custom,
  keyringOf,
  SCOPE,
  type SetUp,
  setUp,
  UNKNOWN,
  YES,
} from "./awaits-under-test.ts";

let place: SetUp;
let awaits: AwaitEvents;
let key: AwaitEventKey;
let text: string;
beforeAll(async () => {
  place = setUp();
  awaits = await awaitsOver(place);
  key = await awaits.key(SCOPE, custom("approval"), {
    audience: "ana",
    expiresAt: place.clock.now() + 1_000_000,
    subject: { tool: "refund", argumentHash: "ab", policyHash: "cd" },
  });
  text = formatKey(key);
});

const encode = (json: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(json)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** The one answer to everything that is done with this key. */
async function refused(forged: AwaitEventKey, what: string): Promise<void> {
  expect(awaits.verify(forged), what).toBe(false);
  expect(await awaits.resolve(forged, YES), what).toEqual(UNKNOWN);
  expect(await awaits.peek(forged), what).toBe(null);
  const waiting = awaits.wait(forged, { signal: new AbortController().signal });
  await expect(waiting, what).rejects.toMatchObject({ code: "await_event_unknown_or_revoked" });
  expect(await place.rows.pending({ limit: 10 }), what).toEqual([]);
}

/** Text that is no key, or one that is refused. */
async function worthless(forged: string): Promise<void> {
  const parsed = parseKey(forged);
  if (parsed !== undefined) await refused(parsed, forged);
  else expect(parsed, forged).toBe(undefined);
}

/** Every value within, changed a little, each in a copy of its own. */
function alterations(value: unknown, path = ""): { path: string; value: unknown }[] {
  if (typeof value === "string") {
    return ["", `${value}x`, value.slice(1), value.toUpperCase(), ` ${value}`]
      .filter((other) => other !== value)
      .map((other) => ({ path: `${path}=${other}`, value: other }));
  }
  if (typeof value === "number") return [value + 1, 0, -1].map((n) => ({ path: `${path}=${n}`, value: n }));
  const members = Object.entries(value as object);
  const altered = members.flatMap(([name, member]) =>
    alterations(member, `${path}.${name}`).map((one) => ({
      path: one.path,
      value: { ...(value as object), [name]: one.value },
    })),
  );
  const missing = members.map(([name]) => {
    const { [name]: _, ...rest } = value as Record<string, unknown>;
    return { path: `${path} without ${name}`, value: rest };
  });
  return [...altered, ...missing, { path: `${path} with more`, value: { ...(value as object), more: 1 } }];
}

describe("a forged key gets the one answer:", () => {
  test("every field altered, left out or added", async () => {
    const { signature, ...unsigned } = key;
    const forged = alterations(unsigned);
    expect(forged.length).toBeGreaterThan(60);
    for (const { path, value } of forged) {
      await refused({ ...(value as AwaitEventKey), signature }, path);
      await worthless(`pwk1.${encode(JSON.stringify(value))}.${signature}`);
    }
    for (const other of ["", "A", signature.slice(1), `${signature}A`, "A".repeat(43)]) {
      await refused({ ...key, signature: other }, `signature ${other}`);
    }
  });

  test("cut off anywhere, continued, or with any one character changed", async () => {
    for (let length = 0; length < text.length; length++) await worthless(text.slice(0, length));
    for (const more of ["A", "=", ".", "\n", " ", "\u0000"]) {
      await worthless(text + more);
      await worthless(more + text);
    }
    for (let i = 0; i < text.length; i++) {
      for (const other of ["A", "B", "-", "_", "."]) {
        if (text[i] !== other) await worthless(text.slice(0, i) + other + text.slice(i + 1));
      }
    }
    await worthless("x".repeat(5_000));
  });

  test("the same bytes encoded otherwise", async () => {
    const [prefix, body, signature] = text.split(".") as [string, string, string];
    const standard = (part: string) => part.replaceAll("-", "+").replaceAll("_", "/");
    const padded = (part: string) => part + "=".repeat((4 - (part.length % 4)) % 4);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(signature.at(-1)!);
    const variants = [
      padded(signature),
      standard(padded(signature)),
      `${signature}==`,
      // The last character of 43 carries two bits that no byte has.
      ...[1, 2, 3].map((bits) => signature.slice(0, -1) + alphabet[last ^ bits]),
    ];
    for (const variant of variants) await worthless(`${prefix}.${body}.${variant}`);
    await worthless(`${prefix}.${padded(body)}=.${signature}`);
    await worthless(`${prefix}.${body.slice(0, 8)}\n${body.slice(8)}.${signature}`);
    await worthless(`${prefix.toUpperCase()}.${body}.${signature}`);
    await worthless(`pwk2.${body}.${signature}`);
    await worthless(encodeURIComponent(`${prefix}.${body}.${signature}.`));
    const json = new TextDecoder().decode(Uint8Array.from(atob(standard(body)), (c) => c.charCodeAt(0)));
    const rewritten = [
      ` ${json}`,
      json.replace(":", ": "),
      json.replace('"ana"', '"\\u0061na"'),
      json.replace("{", '{"audience":"bo",'),
      JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(json) as object).reverse())),
      `[${json}]`,
      "null",
      "7",
      '{"__proto__":{"keyId":"x"}}',
    ];
    for (const one of rewritten) {
      expect(one).not.toBe(json);
      expect(parseKey(`${prefix}.${encode(one)}.${signature}`), one).toBe(undefined);
    }
  });

  test("look-alikes of its characters", async () => {
    // Cyrillic а, е and о, a full-width digit, a composed and a combining é, a soft hyphen, a full stop of another script.
    for (const [from, to] of [
      ["a", "\u0430"],
      ["e", "\u0435"],
      ["1", "\uff11"],
      [".", "\u3002"],
      ["-", "\u2010"],
      ["p", "\u00adp"],
      ["w", "w\u0301"],
    ] as const) {
      if (text.includes(from)) await worthless(text.replace(from, to));
    }
    for (const audience of ["\u0430na", "ana\u200b", "Ana", "an\u0430", "ａna"]) {
      await refused({ ...key, audience }, audience);
    }
  });

  test("signed by another secret of the same name, by a retired one, or for another session", async () => {
    const { scope, wait, audience } = key;
    const foreign = await awaitsOver(place, keyringOf(["k1", 77]));
    await refused(await foreign.key(scope, wait, { audience: audience! }), "foreign secret");
    const retired = await awaitsOver(place, keyringOf(["k0", 1]));
    await refused(await retired.key(scope, wait), "retired secret");
    const { secretId: _, ...rest } = await retired.key(scope, wait);
    await refused({ ...rest, secretId: "k1" }, "the same bytes under another name");
    const theirs = await awaits.key(executionScope.turn("s2", "turn_1"), wait);
    await refused({ ...key, scope: theirs.scope }, "foreign session");
    await refused({ ...key, scope: theirs.scope, keyId: theirs.keyId }, "foreign session with its id");
    await refused({ ...theirs, keyId: key.keyId }, "a good signature for another event");
  });

  test("expired, revoked, or of a revoked session, also when it is used again", async () => {
    const there = setUp();
    const its = await awaitsOver(there);
    const brief = await its.key(SCOPE, custom("brief"), { expiresAt: there.clock.now() + 10 });
    const bare = await its.key(SCOPE, custom("bare"));
    const used = await its.key(SCOPE, custom("used"));
    const unused = await its.key(SCOPE, custom("new"));
    const other = await its.key(executionScope.turn("s2", "t"), custom("other"));
    expect(await its.resolve(used, YES)).toEqual({ status: "accepted" });
    await there.clock.advance(10);
    expect(await its.resolve(brief, YES)).toEqual(UNKNOWN);
    await there.rows.revoke(bare.keyId);
    for (let times = 0; times < 2; times++) expect(await its.resolve(bare, YES)).toEqual(UNKNOWN);
    await its.revokeSession("s1");
    for (const one of [brief, bare, used, unused]) {
      expect(await its.resolve(one, YES)).toEqual(UNKNOWN);
      expect(await its.peek(one)).toBe(null);
      const waiting = its.wait(one, { signal: new AbortController().signal });
      await expect(waiting).rejects.toMatchObject({ code: "await_event_unknown_or_revoked" });
    }
    expect(await its.resolve(other, YES)).toEqual({ status: "accepted" });
  });

  test("and the true key, after all that, works once", async () => {
    expect(parseKey(text)).toEqual(key);
    expect(await awaits.resolve(parseKey(text)!, YES)).toEqual({ status: "accepted" });
    expect(await awaits.resolve(key, YES)).toEqual({ status: "already_resolved", terminal: YES });
  });
});
