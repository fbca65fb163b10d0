import type { NewToken } from "@pawl/core/ports";
import { chapter } from "../store-case.ts";

function newToken(id: string, more: Partial<NewToken> = {}): NewToken {
  return { tokenId: id, digest: `digest of ${id}`, principal: "alice", ...more };
}

const FULL: NewToken = newToken("full", {
  principal: "ünï",
  tenant: "acme",
  scopes: ["read", "x y"],
  ttlMs: 3_600_000,
});

export const tokensChapter = chapter("Tokens", (add) => {
  add("S1 a token comes back as it was made, by its digest, and without it", async (t) => {
    const { tokens } = t.store;
    const made = await tokens.create(FULL);
    const { digest: _, ttlMs = 0, ...rest } = FULL;
    t.expect(made).toEqual({
      ...rest,
      createdAt: made.createdAt,
      expiresAt: made.createdAt + ttlMs,
      revokedAt: null,
    });
    t.expect(await tokens.find(FULL.digest)).toEqual(made);
    const plain = await tokens.create(newToken("plain"));
    t.expect(plain).toEqual({
      tokenId: "plain",
      principal: "alice",
      createdAt: plain.createdAt,
      expiresAt: null,
      revokedAt: null,
    });
    const none = await tokens.create(newToken("none", { scopes: [] }));
    t.expect(none.scopes).toEqual([]);
    t.expect(JSON.stringify(await tokens.list({ limit: 10 })).includes("digest")).toBe(false);
  });

  add("S2 what was never made lets nobody in", async (t) => {
    const { tokens } = t.store;
    await tokens.create(newToken("t1"));
    for (const digest of ["", "t1", "digest of t", "digest of t1 ", "DIGEST OF T1", "%"]) {
      t.expect(await tokens.find(digest), digest).toBe(null);
    }
    t.expect(await tokens.revoke("never")).toBe(null);
  });

  add("S3 the same again is the first; a taken id or digest is a conflict", async (t) => {
    const { tokens } = t.store;
    const first = await tokens.create(newToken("t1"));
    t.expect(await tokens.create(newToken("t1"))).toEqual(first);
    await t.refused(tokens.create(newToken("t1", { digest: "other" })), "store_conflict");
    await t.refused(tokens.create(newToken("t2", { digest: "digest of t1" })), "store_conflict");
    t.expect(await tokens.list({ limit: 10 })).toEqual([first]);
  });

  add("S14 a revoked token lets nobody in, on any node, and stays in the list", async (t) => {
    const { tokens } = t.store;
    const second = await t.second();
    await tokens.create(newToken("t1"));
    await tokens.create(newToken("t2"));
    const revoked = await second.tokens.revoke("t1");
    t.expect(typeof revoked?.revokedAt).toBe("number");
    t.expect(await tokens.find("digest of t1")).toBe(null);
    t.expect((await tokens.find("digest of t2"))?.tokenId).toBe("t2");
    t.expect(await tokens.revoke("t1")).toEqual(revoked);
    // Making it again brings nothing back.
    t.expect(await tokens.create(newToken("t1"))).toEqual(revoked);
    t.expect(await tokens.find("digest of t1")).toBe(null);
    t.expect((await tokens.list({ limit: 10 })).map((one) => one.tokenId)).toEqual(["t2", "t1"]);
    t.expect((await tokens.list({ limit: 1 })).map((one) => one.tokenId)).toEqual(["t2"]);
  });

  add("S14 an expired token lets nobody in, by the store's clock", async (t) => {
    const { tokens } = t.store;
    await tokens.create(newToken("short", { ttlMs: 300 }));
    await tokens.create(newToken("long", { ttlMs: 3_600_000 }));
    await t.until("the short one has expired", async () =>
      (await tokens.find("digest of short")) === null ? true : undefined,
    );
    t.expect((await tokens.find("digest of long"))?.tokenId).toBe("long");
    t.expect((await tokens.list({ limit: 10 })).length).toBe(2);
  });

  add("S6 what is read or handed in can be spoilt without harm", async (t) => {
    const { tokens } = t.store;
    const scopes = ["read"];
    const made = await tokens.create(newToken("t1", { scopes }));
    scopes.push("operator");
    t.expect((await tokens.find("digest of t1"))?.scopes).toEqual(["read"]);
    try {
      (made.scopes as string[]).push("operator");
    } catch {
      // Frozen.
    }
    t.expect((await tokens.find("digest of t1"))?.scopes).toEqual(["read"]);
  });
});
