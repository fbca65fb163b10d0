import { inputId, type ProcessEventBody, processId, sessionId } from "@pawl/core";
import { newAwaitEvent, newProcess } from "../fixtures.ts";
import { count, NEVER, prune } from "../pruning.ts";
import type { AddCase } from "../store-case.ts";

const S1 = sessionId("s1");

/** Of the chapter on pruning: what is no row of a log. */
export function addPrunedRecords(add: AddCase): void {
  add(
    "waits: resolved ones go; what is pending, and what an open turn has still to read, stays",
    async (t) => {
      const { awaits } = t.store;
      const held = await t.working("s1");
      const info = { type: "tool_pending" };
      await awaits.register(newAwaitEvent("of the open turn", "s1", { turnId: held.turn, info }));
      await awaits.register(newAwaitEvent("resolved", null, { info }));
      await awaits.register(newAwaitEvent("pending", null, { info }));
      // What was decided, and its receipt, is kept with the session.
      await awaits.register(newAwaitEvent("approval", null));
      const by = { name: "x", via: "host" } as const;
      for (const key of ["of the open turn", "resolved", "approval"])
        await awaits.resolve(key, { status: "cancelled" }, by);
      t.expect(await count(t, "waits")).toBe(1);
      t.expect(await prune(t, "waits")).toBe(1);
      t.expect(await awaits.load("resolved")).toBe(null);
      t.expect((await awaits.load("pending")) === null).toBe(false);
      t.expect((await awaits.load("approval")) === null).toBe(false);
      t.expect((await awaits.load("of the open turn")) === null).toBe(false);
    },
  );

  add("tasks: those that ended go with their logs, the others stay", async (t) => {
    const { processes } = t.store;
    const append = (id: string, key: string, ...bodies: readonly ProcessEventBody[]) =>
      processes.append({ processId: processId(id), key, bodies });
    for (const id of ["over", "alive"]) {
      const registration = newProcess(id, { disposition: "external" });
      await append(id, "k", { type: "registered", registration }, { type: "grant_added", sessionId: S1 });
    }
    await append("over", "end", { type: "completed", output: 1 });
    t.expect(await count(t, "tasks")).toBe(1);
    t.expect(await prune(t, "tasks")).toBe(1);
    t.expect(await processes.load(processId("over"))).toBe(null);
    t.expect(await processes.events(processId("over"))).toEqual([]);
    t.expect((await processes.list({ sessionId: S1, live: false, limit: 9 })).length).toBe(1);
    t.expect((await processes.load(processId("alive"))) === null).toBe(false);
  });

  add("attachments: what a log, a message or an input names stays, the rest goes", async (t) => {
    const { attachments } = t.store;
    const refs: { [name: string]: string } = {};
    for (const name of ["logged", "said", "sent", "orphan"]) {
      refs[name] = (await attachments.put(`content ${name}`, "text/plain")).ref;
    }
    const held = await t.working("s1");
    await held.append(`see ${refs.logged}`);
    const { delta, ...ending } = await held.ending();
    const messages = [
      { id: "m", role: "user" as const, parts: [{ type: "text" as const, text: refs.said! }] },
    ];
    await t.store.sessions.commit(held.fence, { ...ending, delta: { ...delta!, messages } });
    await t.store.inbox.accept({
      inputId: inputId("in_later"),
      sessionId: sessionId("s2"),
      content: { parts: [{ type: "text", text: `look at ${refs.sent}` }] },
      delivery: "next",
    });
    t.expect(await count(t, "attachments")).toBe(1);
    t.expect(await prune(t, "attachments")).toBe(1);
    const left = await Promise.all(Object.values(refs).map((ref) => attachments.get(ref)));
    t.expect(left.map((one) => one !== null)).toEqual([true, true, true, false]);
    // What only a pruned log named is needed no more.
    t.expect([await prune(t, "turns"), await prune(t, "attachments")]).toEqual([1, 1]);
    t.expect(await attachments.get(refs.logged!)).toBe(null);
  });

  add(
    "attachments: what was put since the oldest open turn began stays, its row may be on its way",
    async (t) => {
      const { attachments } = t.store;
      await attachments.put("old", "text/plain");
      let looks = 0;
      await t.until("time has passed", async () => (++looks > 1 ? true : undefined));
      const held = await t.working("s1");
      t.expect(await prune(t, "attachments")).toBe(1);
      const { ref } = await attachments.put("new", "text/plain");
      t.expect(await prune(t, "attachments")).toBe(0);
      t.expect((await attachments.get(ref)) === null).toBe(false);
      await held.end();
      t.expect(await prune(t, "attachments")).toBe(1);
    },
  );

  add("D27 nodes: those whose lease is over and that own nothing go, and may come back", async (t) => {
    const { leases } = t.store;
    const alive = await t.node("alive");
    const gone = await t.node("gone", 1);
    await t.working("s1");
    await t.until("the lease is over", async () => ((await prune(t, "nodes")) === 1 ? true : undefined));
    t.expect([await prune(t, "nodes"), await count(t, "nodes")]).toEqual([0, 0]);
    await t.refused(leases.renewNode(gone), "store_fenced");
    await leases.renewNode(alive);
    const again = await t.node("gone");
    await t.refused(leases.renewNode(gone), "store_fenced");
    await leases.renewNode(again);
    t.expect(again.nonce === gone.nonce).toBe(false);
  });

  add("tokens: those that expired or were revoked go, whatever still lets somebody in stays", async (t) => {
    const { tokens } = t.store;
    const ttls = { plain: undefined, long: 3_600_000, short: 1, revoked: undefined, both: 3_600_000 };
    for (const [tokenId, ttlMs] of Object.entries(ttls)) {
      await tokens.create({
        tokenId,
        digest: `digest of ${tokenId}`,
        principal: "alice",
        ...(ttlMs !== undefined && { ttlMs }),
      });
    }
    for (const id of ["revoked", "both"]) await tokens.revoke(id);
    // Only what has not been valid for a while: in the moment of its end it stays.
    await t.until("three let nobody in any more", async () =>
      (await count(t, "tokens")) === 3 ? true : undefined,
    );
    t.expect(await count(t, "tokens", NEVER)).toBe(0);
    t.expect([await prune(t, "tokens", 2), await prune(t, "tokens"), await count(t, "tokens")]).toEqual([
      2, 1, 0,
    ]);
    t.expect((await tokens.list({ limit: 9 })).map(({ tokenId }) => tokenId).sort()).toEqual([
      "long",
      "plain",
    ]);
    for (const id of Object.keys(ttls)) {
      const isValid = (await tokens.find(`digest of ${id}`)) !== null;
      t.expect([id, isValid]).toEqual([id, id === "plain" || id === "long"]);
    }
  });
}
