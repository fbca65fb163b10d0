import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ownedSessionId,
  ownerOfSession,
  sessionBeside,
  sessionId,
  sessionName,
  sessionPrefix,
} from "../src/index.ts";

const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 8 })
  .filter((text) => text.trim() !== "" && !/\p{Cc}/u.test(text) && text.isWellFormed());
const owner = fc.record({ principal: name, tenant: name }, { requiredKeys: ["principal"] });

describe("the owner of a session", () => {
  test("is readable in its id", () => {
    expect(ownedSessionId({ principal: "alice" }, "s1")).toBe("@alice/s1");
    expect(ownedSessionId({ principal: "a@x.io", tenant: "acme" }, "s/1")).toBe("@acme:a@x.io/s/1");
    expect(ownerOfSession(sessionId("@acme:a@x.io/s/1"))).toEqual({ principal: "a@x.io", tenant: "acme" });
  });

  test("comes back from the id, with the name", () => {
    fc.assert(
      fc.property(owner, name, (owner, name) => {
        fc.pre(sessionPrefixOrNone(owner) !== undefined);
        const id = ownedSessionId(owner, name);
        expect(ownerOfSession(id)).toEqual(owner);
        expect(sessionName(id)).toBe(name);
        expect(sessionBeside(id, "child")).toBe(ownedSessionId(owner, "child"));
      }),
    );
  });

  test("shares no id and no prefix with another one", () => {
    fc.assert(
      fc.property(owner, owner, name, (one, other, name) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify({ ...other }));
        fc.pre(one.principal !== other.principal || one.tenant !== other.tenant);
        const [mine, theirs] = [sessionPrefixOrNone(one), sessionPrefixOrNone(other)];
        fc.pre(mine !== undefined && theirs !== undefined);
        expect(`${mine}${name}`.startsWith(theirs as string)).toBe(false);
      }),
    );
  });

  test("no name reaches out of its owner's sessions", () => {
    const mine = { principal: "alice" };
    for (const name of ["../bob/s1", "@bob/s1", "/s1", "@alice/s1", "%2F"]) {
      const id = ownedSessionId(mine, name);
      expect(ownerOfSession(id), name).toEqual(mine);
      expect(sessionName(id)).toBe(name);
    }
  });

  test.each(["s1", "@", "@/s", "@alice", "@alice/", "@a:b:c/s", "@%zz/s", "@%61lice/s", "x@alice/s1"])(
    "%s belongs to nobody in particular",
    (text) => {
      expect(ownerOfSession(sessionId(text))).toBe(undefined);
      expect(sessionName(sessionId(text))).toBe(text);
      expect(sessionBeside(sessionId(text), "child")).toBe("child");
    },
  );

  test.each(["", " ", "a\u0000b", "\ud800", "x".repeat(200)])("%j is no principal", (principal) => {
    expect(() => sessionPrefix({ principal })).toThrow(
      expect.objectContaining({ code: "invalid_principal" }),
    );
    expect(() => sessionPrefix({ principal: "ok", tenant: principal })).toThrow(
      expect.objectContaining({ code: "invalid_principal" }),
    );
  });

  test("a blank name is no session", () => {
    expect(() => ownedSessionId({ principal: "alice" }, " ")).toThrow(
      expect.objectContaining({ code: "invalid_id" }),
    );
  });
});

function sessionPrefixOrNone(owner: Parameters<typeof sessionPrefix>[0]): string | undefined {
  try {
    return sessionPrefix(owner);
  } catch {
    return undefined;
  }
}
