import { inputId, sessionId, turnId } from "@pawl/core";
import type { NodeLease, Store } from "@pawl/core/ports";
import { newAwaitEvent, newInput, textDelta } from "../fixtures.ts";
import { chapter } from "../store-case.ts";

export const contentionLaw = chapter("Law: racing makes one", (add) => {
  add("S17 every session is claimed once, by one of many nodes", async (t) => {
    const stores = [t.store, await t.second()];
    const names = Array.from({ length: 40 }, (_, i) => `s${i}`);
    for (const name of names) await t.accept(`in_${name}`, name);
    const leases = [];
    for (let i = 0; i < 6; i++) leases.push(await t.node(`n${i}`));
    const claimed: string[] = [];
    const drain = async (store: Store, lease: NodeLease) => {
      // Bounded, since a store that gives out what is taken would go on for ever.
      while (claimed.length <= names.length) {
        const claims = await store.leases.claim(lease, { limit: 3, behaviours: [] });
        if (claims.length === 0) return;
        claimed.push(...claims.map((claim) => claim.sessionId));
      }
    };
    await Promise.all(leases.map((lease, i) => drain(stores[i % 2]!, lease)));
    // A claim may pass over what another is looking at: what is left is there for the next one.
    await drain(t.store, leases[0]!);
    t.expect([...claimed].sort()).toEqual([...names].sort());
  });

  add("S17 one session asked for by many nodes goes to one", async (t) => {
    for (let round = 0; round < 5; round++) {
      const session = `s${round}`;
      await t.accept(`in_${session}`, session);
      const leases = [];
      for (let i = 0; i < 5; i++) leases.push(await t.node(`n${i}`));
      const claims = (await Promise.all(leases.map((lease) => t.claim(lease, session)))).flat();
      t.expect(claims.length).toBe(1);
      await t.store.leases.release(claims[0]!.fence, { type: "idle" });
    }
  });

  add("S17 S13 racing senders with one key make one input, and all learn which", async (t) => {
    const stores = [t.store, await t.second()];
    const content = newInput("x", "s1").content;
    const accepted = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        stores[i % 2]!.inbox.accept(newInput(`in_${i}`, "s1", { idempotencyKey: "k", content })),
      ),
    );
    t.expect(accepted.filter((one) => !one.duplicate).length).toBe(1);
    t.expect(new Set(accepted.map((one) => one.input.inputId)).size).toBe(1);
    t.expect((await t.store.inbox.list(sessionId("s1"))).length).toBe(1);
  });

  add("S17 S13 racing senders with one key and other contents: one wins, the others are told", async (t) => {
    const ends = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) =>
        t.store.inbox.accept(newInput(`in_${i}`, "s1", { idempotencyKey: "k" })),
      ),
    );
    t.expect(ends.filter((end) => end.status === "fulfilled").length).toBe(1);
    const codes = ends.flatMap((end) => (end.status === "rejected" ? [end.reason.code] : []));
    t.expect(codes).toEqual(Array.from({ length: 7 }, () => "store_conflict"));
  });

  add(
    "S17 D15 racing resolvers, some without a look: one wins, and nobody else is told that it did",
    async (t) => {
      const stores = [t.store, await t.second()];
      await t.working();
      for (let round = 0; round < 8; round++) {
        const event = newAwaitEvent(`k${round}`);
        await t.store.awaits.register(event);
        const won = await Promise.all(
          Array.from({ length: 8 }, async (_, i) => {
            const { awaits } = stores[i % 2]!;
            const [terminal, by] = [
              { status: "ok", payload: { from: i } },
              { name: `r${i}`, via: "key" },
            ] as const;
            if (i % 3 === 0) return (await awaits.resolve(event.keyId, terminal, by)).status === "accepted";
            return (await awaits.resolveOpen(event.keyId, terminal, by, { info: event.info })) !== undefined;
          }),
        );
        t.expect(won.filter((mine) => mine).length).toBe(1);
        t.expect((await stores[1]!.awaits.load(event.keyId))?.terminal).toEqual({
          status: "ok",
          payload: { from: won.indexOf(true) },
        });
      }
    },
  );

  add("S17 D15 racing resolvers of one event: one wins, and all learn who", async (t) => {
    const stores = [t.store, await t.second()];
    for (let round = 0; round < 8; round++) {
      const keyId = `k${round}`;
      // Half of the rounds have nobody waiting yet, and half of the events no session.
      const event = newAwaitEvent(keyId, round % 4 < 2 ? "s1" : null);
      if (round % 2 === 0) await t.store.awaits.register(event);
      const ends = await Promise.all(
        Array.from({ length: 8 }, (_, i) =>
          stores[i % 2]!.awaits.resolve(
            keyId,
            { status: "ok", payload: { from: i } },
            { name: `r${i}`, via: "key" },
            event,
          ),
        ),
      );
      t.expect(ends.filter((end) => end.status === "accepted").length).toBe(1);
      const winner = ends.findIndex((end) => end.status === "accepted");
      const told = ends.map((end) => (end.status === "unknown_or_revoked" ? end : end.record.terminal));
      const terminal = { status: "ok", payload: { from: winner } };
      t.expect(told).toEqual(ends.map(() => terminal));
      t.expect((await stores[1]!.awaits.load(keyId))?.resolvedBy?.name).toBe(`r${winner}`);
    }
  });

  add(
    "S17 D15 a wait and its answer in the same moment: the answer is there, and the wait finds it",
    async (t) => {
      const second = await t.second();
      for (let round = 0; round < 10; round++) {
        const event = newAwaitEvent(`k${round}`);
        const [waited, answered] = await Promise.all([
          t.store.awaits.register(event),
          second.awaits.resolve(
            event.keyId,
            { status: "ok", payload: round },
            { name: "r", via: "key" },
            event,
          ),
        ]);
        t.expect([waited?.keyId, answered.status]).toEqual([event.keyId, "accepted"]);
        t.expect((await t.store.awaits.register(event))?.terminal).toEqual({ status: "ok", payload: round });
      }
    },
  );

  add("S17 D15 racing sweepers settle everything once", async (t) => {
    const stores = [t.store, await t.second()];
    const { createdAt } = (await t.store.awaits.register(newAwaitEvent("probe", null)))!;
    const total = 12;
    for (let i = 0; i < total; i++) {
      await t.store.awaits.register(newAwaitEvent(`k${i}`, i % 2 ? "s1" : null, { dueAt: createdAt + i }));
    }
    let settled = 0;
    await t.until("all are settled", async () => {
      const ends = await Promise.all(
        stores.flatMap((store) => [store.awaits.settleDue(5), store.awaits.settleDue(5)]),
      );
      for (const end of ends) settled += end.settled;
      return ends.every((end) => end.nextDueAt === null) ? true : undefined;
    });
    t.expect(settled).toBe(total);
  });

  add("S17 S5 racing senders are admitted one after the other", async (t) => {
    const stores = [t.store, await t.second()];
    const accepted = await Promise.all(
      Array.from({ length: 30 }, (_, i) => stores[i % 2]!.inbox.accept(newInput(`in_${i}`, "s1"))),
    );
    const positions = accepted.map((one) => one.input.position).sort((a, b) => a - b);
    t.expect(positions).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    const listed = await t.store.inbox.list(sessionId("s1"));
    t.expect(listed.map((input) => input.position)).toEqual(positions);
  });

  add("S17 S8 racing commits of one run never share a sequence", async (t) => {
    const held = await t.working();
    const boundaries = [];
    for (let i = 0; i < 8; i++) {
      const boundary = await held.ending({ boundary: "run_checkpoint", outcome: null, inputIds: [] });
      const { row: _, ...rest } = boundary;
      const messages = [{ ...boundary.delta!.messages[0]!, id: `m${i}` }];
      boundaries.push({ ...rest, delta: { baseRevision: 0, messages } });
    }
    const ends = await Promise.allSettled(
      boundaries.map((boundary) => t.store.sessions.commit(held.fence, boundary)),
    );
    // They all stand on one revision, so one of them is first and the others come too late.
    t.expect(ends.filter((end) => end.status === "fulfilled").length).toBe(1);
    const receipts = await t.store.sessions.receipts(sessionId("s1"));
    t.expect(receipts.map((receipt) => receipt.sequence)).toEqual([0]);
    t.expect((await t.store.sessions.transcript(sessionId("s1"))).length).toBe(1);
  });

  add("S17 S12 the same commit, racing itself, is one commit", async (t) => {
    const held = await t.working();
    const boundary = await held.ending();
    const results = await Promise.all(
      Array.from({ length: 5 }, () => t.store.sessions.commit(held.fence, boundary)),
    );
    const receipts = await t.store.sessions.receipts(sessionId("s1"));
    t.expect(receipts.length).toBe(1);
    for (const result of results) t.expect(result).toEqual({ status: "committed", receipt: receipts[0] });
  });

  add("S17 D18 a cancel request and the commit, racing: one wins, and both know which", async (t) => {
    for (let round = 0; round < 20; round++) {
      const session = `s${round}`;
      const held = await t.working(session);
      const turn = turnId(`turn_${session}`);
      const boundary = await held.ending();
      const commit = () => t.store.sessions.commit(held.fence, boundary);
      const cancel = () => t.store.sessions.requestCancel(turn, { requestId: "c", origin: "person" });
      const [committed, cancelled] =
        round % 2 === 0
          ? await Promise.all([commit(), cancel()])
          : await Promise.all([cancel(), commit()]).then(([a, b]) => [b, a] as const);
      const seen = [committed.status, cancelled.status].join();
      t.expect(["committed,completion_won", "cancelled_first,requested"].includes(seen), seen).toBe(true);
      const ended = await t.store.sessions.loadCommitted(turn);
      t.expect(ended === null).toBe(committed.status === "cancelled_first");
    }
  });

  add("S17 D5 racing appends under one number leave one row", async (t) => {
    const held = await t.working();
    const ends = await Promise.allSettled(
      Array.from({ length: 6 }, (_, i) =>
        t.store.log.append(held.fence, [held.row(textDelta(`candidate ${i}`))]),
      ),
    );
    t.expect(ends.filter((end) => end.status === "fulfilled").length).toBe(1);
    const winner = ends.findIndex((end) => end.status === "fulfilled");
    const log = await t.store.log.read(sessionId("s1"));
    t.expect(log.slice(1).map((row) => row.body)).toEqual([textDelta(`candidate ${winner}`)]);
  });

  add("S17 D19 a sender and a checkpoint, racing: the input is in the turn or in the queue", async (t) => {
    const held = await t.working();
    for (let round = 0; round < 10; round++) {
      const id = `in_steer_${round}`;
      const [, checkpoint] = await Promise.all([
        t.accept(id, "s1", { delivery: "steer" }),
        t.store.inbox.checkpoint(held.fence, turnId("turn_s1"), () => held.row(textDelta("checkpoint"))),
      ]);
      held.head += 1;
      const claimed = checkpoint.inputs.some((input) => input.inputId === id);
      const state = (await t.store.inbox.load(inputId(id)))?.state;
      t.expect(state).toBe(claimed ? "staged" : "queued");
    }
  });
});
