import { expect, it } from "vitest";
import { fixedPrincipals } from "../../src/principals/fixed-principals.ts";
import { parsePrincipal } from "../../src/principals/parse-principal.ts";
import { firstOf } from "../../src/principals/principals.ts";

const alice = fixedPrincipals([["tok-a", { principal: "alice" }]]);
const bob = fixedPrincipals([["tok-b", { principal: "bob", scopes: ["jobs"] }]]);

it("knows a principal by exactly its token", async () => {
  expect(await alice.authenticate("tok-a")).toEqual({ principal: "alice" });
  for (const token of ["", "tok-", "tok-a ", "TOK-A", "tok-b", "alice"]) {
    expect(await alice.authenticate(token)).toBeUndefined();
  }
});

it("asks several places in order", async () => {
  const all = firstOf(alice, bob, fixedPrincipals([["tok-a", { principal: "mallory" }]]));
  expect((await all.authenticate("tok-a"))?.principal).toBe("alice");
  expect((await all.authenticate("tok-b"))?.principal).toBe("bob");
  expect(await all.authenticate("tok-c")).toBeUndefined();
});

it("keeps no token that somebody could print", () => {
  expect(JSON.stringify([alice, Object.values(alice)])).not.toContain("tok-a");
});

it("reads NAME=TOKEN, where the token may hold an equals sign", () => {
  expect(parsePrincipal("alice=tok-a")).toEqual({ principal: "alice", token: "tok-a" });
  expect(parsePrincipal("a.b_c@d-e=x=y==")).toEqual({ principal: "a.b_c@d-e", token: "x=y==" });
});

it.each(["", "alice", "alice=", "=tok", "al ice=tok", "alice=to k", "operator=tok", "-x=tok"])(
  "refuses %j and says what it must be",
  (text) => {
    expect(() => parsePrincipal(text)).toThrow(expect.objectContaining({ code: "config_invalid" }));
  },
);
