import { foldProcess, nodeId, processId } from "@pawl/core";
import type { NodeLease, ProcessClaim } from "@pawl/core/ports";
import { append, claimOne, FAR, ownerOf, P1, register, S2, started } from "../process-log.ts";
import { chapter } from "../store-case.ts";
import { HOUR_MS } from "../store-test.ts";

export const processClaimsChapter = chapter("Who runs background tasks", (add) => {
  add("D1 a process is claimed by one node, of the names that it has, oldest first", async (t) => {
    await register(t, "p2");
    await register(t, "p1");
    await register(t, "p3", { name: "other" });
    await register(t, "p4", { disposition: "external" });
    const [a, b] = [await t.node("node-a"), await t.node("node-b")];
    const { processes } = t.store;
    t.expect(await processes.claim(a, { names: [], limit: 10 })).toEqual([]);
    const first = await processes.claim(a, { names: ["import"], limit: 1 });
    const second = await processes.claim(b, { names: ["import"], limit: 10 });
    t.expect([...first, ...second].map(({ fence }) => fence.processId)).toEqual(["p2", "p1"]);
    t.expect(first[0]!.record).toEqual(await processes.load(processId("p2")));
    t.expect(await processes.claim(a, { names: ["import"], limit: 10 })).toEqual([]);
  });

  add(
    "S1 a claim that enters what it takes logs the start with it, and the record is the fold",
    async (t) => {
      await register(t, "p1", { wake: { sessionId: S2 } });
      await append(t, "signal", [
        { type: "signal", name: "rate", ordinal: 0, payload: { deep: [1.5, "ünï"] } },
      ]);
      const dead = await t.node("node-a", 300);
      const enter = { maxStartsInARow: 3 };
      const entered = async (lease: NodeLease) => {
        const claims = await t.store.processes.claim(lease, { names: ["import"], limit: 10, enter });
        const log = await t.store.processes.events(P1);
        for (const { entered, record } of claims) {
          t.expect([entered, record], "the record is the fold of the log").toEqual([true, foldProcess(log)]);
          t.expect(await t.store.processes.load(P1)).toEqual(record);
        }
        return claims;
      };
      const [first] = await entered(dead);
      t.expect([first!.record.status, first!.record.attempts, first!.record.owner]).toEqual([
        "running",
        1,
        ownerOf(first!),
      ]);
      const log = await t.store.processes.events(P1);
      t.expect(log.at(-1)).toEqual({ processId: P1, seq: 4, at: log[3]!.at, body: started(first!) });
      t.expect(log[3]!.at >= log[2]!.at).toBe(true);
      t.expect(first!.record.startedAt).toBe(log[3]!.at);
      const b = await t.node("node-b");
      const [second] = await t.until("the lease is over", async () => {
        const claims = await entered(b);
        return claims.length > 0 ? claims : undefined;
      });
      const { attempts, startsInARow, owner, startedAt } = second!.record;
      t.expect([attempts, startsInARow, owner, startedAt]).toEqual([2, 2, ownerOf(second!), log[3]!.at]);
      const { record } = await append(t, "end", [{ type: "completed", output: null }], { claim: second });
      t.expect([record.status, record.head]).toEqual(["completed", 6]);
    },
  );

  add("a claim enters nothing about which something has to be decided first", async (t) => {
    await register(t, "p1", { disposition: "owner_bound" });
    await register(t, "p2");
    await append(t, "cancel", [{ type: "cancel_requested", origin: "ana" }], { id: "p2" });
    await register(t, "p3");
    const a = await t.node("node-a");
    const claim = (maxStartsInARow: number) =>
      t.store.processes.claim(a, { names: ["import"], limit: 10, enter: { maxStartsInARow } });
    for (const { fence, entered, record } of await claim(0)) {
      t.expect([fence.processId, entered, record.attempts]).toEqual([fence.processId, false, 0]);
      await t.store.processes.release(fence);
    }
    const claims = await claim(1);
    t.expect(claims.map(({ fence, entered }) => [fence.processId, entered])).toEqual([
      ["p1", false],
      ["p2", false],
      ["p3", true],
    ]);
    for (const { fence, record } of claims) {
      const log = await t.store.processes.events(fence.processId);
      t.expect(record, "the record is the fold of the log").toEqual(foldProcess(log));
    }
    // Left in good order, it was entered no time in a row.
    const entered = claims[2]!;
    await append(t, "leave", [{ type: "left", owner: ownerOf(entered) }], { claim: entered, id: "p3" });
    await t.store.processes.release(entered.fence);
    t.expect((await claim(1)).map((again) => [again.entered, again.record.attempts])).toEqual([[true, 2]]);
  });

  add("S15 D1 an owner that was superseded can say nothing", async (t) => {
    await register(t);
    const old = await claimOne(t, await t.node("node-a"));
    await append(t, "begin", [started(old)], { claim: old });
    const losses: Record<string, () => Promise<ProcessClaim>> = {
      "its node was opened again": async () => {
        await t.node("node-a");
        return old;
      },
      "somebody claimed it": async () => {
        await claimOne(t, await t.node("node-b"));
        return old;
      },
      "its nonce is another": async () => ({
        ...old,
        fence: { ...old.fence, node: { ...old.fence.node, nonce: "x" } },
      }),
      "its node is unknown": async () => ({
        ...old,
        fence: { ...old.fence, node: { ...old.fence.node, nodeId: nodeId("ghost") } },
      }),
    };
    for (const [loss, lose] of Object.entries(losses)) {
      const { fence } = await lose();
      const before = await t.store.processes.load(P1);
      const bodies = [FAR];
      await t.refused(
        t.store.processes.append({ processId: P1, key: loss, bodies, fence }),
        "store_fenced",
        loss,
      );
      await t.refused(t.store.processes.release(fence), "store_fenced", loss);
      t.expect(await t.store.processes.load(P1), loss).toEqual(before);
    }
  });

  add("S15 a fence of one process is none of another", async (t) => {
    await register(t);
    await register(t, "p2");
    const claims = await t.store.processes.claim(await t.node(), { names: ["import"], limit: 10 });
    const { fence } = claims.find((claim) => claim.fence.processId === "p2")!;
    await t.refused(
      t.store.processes.append({ processId: P1, key: "k", bodies: [FAR], fence }),
      "store_fenced",
    );
  });

  add("D1 what a dead node ran is claimable when its lease is over", async (t) => {
    await register(t);
    const dead = await claimOne(t, await t.node("node-a", 300));
    await append(t, "begin", [started(dead)], { claim: dead });
    const b = await t.node("node-b");
    t.expect(await t.store.processes.claim(b, { names: ["import"], limit: 10 })).toEqual([]);
    const [next] = await t.until("the lease is over", async () => {
      const claims = await t.store.processes.claim(b, { names: ["import"], limit: 10 });
      return claims.length > 0 ? claims : undefined;
    });
    t.expect(next!.record.owner).toEqual(ownerOf(dead));
    const { record } = await append(t, "begin again", [started(next!)], { claim: next });
    t.expect([record.attempts, record.startsInARow, record.owner]).toEqual([2, 2, ownerOf(next!)]);
    const late = t.store.processes.append({ processId: P1, key: "late", bodies: [FAR], fence: dead.fence });
    await t.refused(late, "store_fenced");
  });

  add(
    "an owner-bound process is never entered again: whoever finds it can say that its owner is gone",
    async (t) => {
      await register(t, "p1", { disposition: "owner_bound" });
      const first = await claimOne(t, await t.node("node-a"));
      await append(t, "begin", [started(first)], { claim: first });
      const evidence = { type: "owner_gone", owner: ownerOf(first) } as const;
      const early = t.store.processes.append({
        processId: P1,
        key: "early",
        bodies: [{ type: "abandoned", evidence }],
      });
      await t.refused(early, "process_evidence_missing", "its owner lives");
      await t.store.leases.closeNode(first.fence.node);
      // By a node that does not know the body.
      const next = await claimOne(t, await t.node("node-b"), []);
      const again = t.store.processes.append({
        processId: P1,
        key: "again",
        bodies: [started(next)],
        fence: next.fence,
      });
      await t.refused(again, "process_not_owner");
      const { record } = await append(t, "gone", [{ type: "abandoned", evidence }], { claim: next });
      t.expect(record.end).toEqual({ type: "abandoned", evidence });
    },
  );

  add(
    "what was left is claimable again, not before its delay, and leaving twice is leaving once",
    async (t) => {
      await register(t);
      const a = await t.node("node-a");
      const first = await claimOne(t, a);
      await t.store.processes.release(first.fence);
      await t.store.processes.release(first.fence);
      const second = await claimOne(t, a);
      t.expect(second.fence.epoch).toBe(first.fence.epoch + 1);
      await t.refused(t.store.processes.release(first.fence), "store_fenced");
      await t.store.processes.release(second.fence, { delayMs: HOUR_MS });
      t.expect(await t.store.processes.claim(a, { names: ["import"], limit: 10 })).toEqual([]);
    },
  );
});
