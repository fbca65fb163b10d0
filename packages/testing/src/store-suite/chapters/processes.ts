import { foldProcess, type ProcessEventBody, type ProcessRecord, processId, sessionId } from "@pawl/core";
import { newProcess } from "../fixtures.ts";
import { append, claimOne, FAR, ownerOf, P1, register, S1, S2, started } from "../process-log.ts";
import { chapter } from "../store-case.ts";

const ids = (records: readonly ProcessRecord[]) => records.map(({ registration }) => registration.processId);

export const processesChapter = chapter("Background tasks", (add) => {
  add("S1 events of every kind come back, and the record is their fold after each", async (t) => {
    const first = await register(t);
    t.expect(first.events.map(({ seq, body }) => [seq, body.type])).toEqual([
      [1, "registered"],
      [2, "grant_added"],
    ]);
    t.expect(first.record.registration).toEqual(newProcess("p1"));
    await append(t, "share", [{ type: "transferred", from: S1, to: S2 }]);
    await append(t, "show", [{ type: "grant_added", sessionId: S1 }]);
    await append(t, "hide", [{ type: "grant_revoked", sessionId: S2 }]);
    const claim = await claimOne(t, await t.node());
    await append(t, "begin", [started(claim)], { claim });
    await append(t, "step", [{ type: "step_done", stepId: "fetch", value: { deep: [null, "ünïcödé 🐢"] } }], {
      claim,
    });
    await append(t, "signal", [{ type: "signal", name: "rate", ordinal: 0, payload: 12 }]);
    await append(t, "cancel", [{ type: "cancel_requested", origin: "ana", reason: "late" }]);
    await append(t, "progress", [FAR], { claim });
    await append(t, "leave", [{ type: "left", owner: ownerOf(claim) }], { claim });
    const { record } = await append(t, "end", [{ type: "completed", output: { rows: 3 } }], { claim });
    t.expect([record.status, record.grants, record.attempts, record.signals]).toEqual([
      "completed",
      [S1],
      1,
      { rate: 1, pause: 0 },
    ]);
    const log = await t.store.processes.events(P1);
    t.expect((await t.store.processes.events(P1, { after: 3, limit: 2 })).map(({ seq }) => seq)).toEqual([
      4, 5,
    ]);
    t.expect(log.every(({ at }, index) => index === 0 || at >= log[index - 1]!.at)).toBe(true);
  });

  add("S2 a process that nobody registered is absent", async (t) => {
    t.expect(await t.store.processes.load(P1)).toBe(null);
    t.expect(await t.store.processes.events(P1)).toEqual([]);
    t.expect(await t.store.processes.list({ live: false, limit: 10 })).toEqual([]);
    const asked = t.store.processes.append({ processId: P1, key: "k", bodies: [{ type: "cancelled" }] });
    await t.refused(asked, "process_unknown");
  });

  add("S13 the same key again is the first answer, with other events a conflict", async (t) => {
    const first = await register(t);
    const again = await register(t);
    t.expect([again.events, again.duplicate]).toEqual([first.events, true]);
    const signal = { type: "signal", name: "rate", ordinal: 0, payload: 1 } as const;
    const told = await append(t, "k", [signal]);
    await append(t, "between", [signal]);
    const retold = await append(t, "k", [signal]);
    t.expect([retold.events, retold.duplicate, retold.record.head]).toEqual([told.events, true, 4]);
    const other = t.store.processes.append({ processId: P1, key: "k", bodies: [{ ...signal, payload: 2 }] });
    await t.refused(other, "store_conflict");
    t.expect((await t.store.processes.load(P1))?.head).toBe(4);
  });

  add("S13 a key is of one process, and an id of one registration", async (t) => {
    await register(t);
    await register(t, "p2");
    const bodies = [{ type: "registered", registration: newProcess("p1", { input: "other" }) }] as const;
    await t.refused(t.store.processes.append({ processId: P1, key: "x", bodies }), "store_conflict");
    const same = await append(t, "y", [{ type: "registered", registration: newProcess("p1") }]);
    t.expect([same.events, same.duplicate]).toEqual([[], false]);
    const foreign = [{ type: "registered", registration: newProcess("p9") }] as const;
    const misnamed = t.store.processes.append({ processId: processId("p8"), key: "z", bodies: foreign });
    await t.refused(misnamed, "store_conflict");
    t.expect(await t.store.processes.load(processId("p8"))).toBe(null);
  });

  add("of many that are registered at once each is judged for itself", async (t) => {
    await register(t, "p3", { input: "first" });
    const names = Array.from({ length: 40 }, (_, n) => `p${n}`);
    const all = await Promise.allSettled(
      names.map((name) =>
        t.store.processes.append({
          processId: processId(name),
          key: "start",
          bodies: [
            { type: "registered", registration: newProcess(name, { input: { deep: [name, "ünï"] } }) },
            { type: "grant_added", sessionId: S2 },
          ],
        }),
      ),
    );
    t.expect(all.map(({ status }) => status === "fulfilled")).toEqual(names.map((name) => name !== "p3"));
    for (const [index, name] of names.entries()) {
      const id = processId(name);
      const [log, record] = [await t.store.processes.events(id), await t.store.processes.load(id)];
      t.expect(record, "the record is the fold of the log").toEqual(foldProcess(log));
      const one = all[index];
      if (one?.status === "fulfilled") {
        t.expect([one.value.duplicate, one.value.record, one.value.events]).toEqual([false, record, log]);
      }
    }
    const seen = await t.store.processes.list({ sessionId: S2, live: true, limit: 50 });
    t.expect(seen.length).toBe(39);
    const a = await t.node();
    const claims = await t.store.processes.claim(a, { names: ["import"], limit: 50 });
    t.expect(claims.map(({ fence }) => fence.processId)[0], "the oldest first").toBe("p3");
    t.expect(claims.length).toBe(40);
  });

  add("S11 of several events all are appended, or none", async (t) => {
    const registered = { type: "registered", registration: newProcess("p1") } as const;
    const bodies: ProcessEventBody[] = [registered, { type: "completed", output: 1 }];
    await t.refused(t.store.processes.append({ processId: P1, key: "k", bodies }), "process_not_owner");
    t.expect(await t.store.processes.load(P1)).toBe(null);
    t.expect((await register(t)).events.length).toBe(2);
  });

  add("S10 what no store keeps is refused, and nothing of it is written", async (t) => {
    await register(t);
    const bodies = [{ type: "signal", name: "rate", ordinal: 0, payload: "a\u0000b" }] as const;
    await t.refused(t.store.processes.append({ processId: P1, key: "k", bodies }), "not_storable");
    t.expect((await t.store.processes.load(P1))?.head).toBe(2);
  });

  add("S14 after the end only grants change", async (t) => {
    await register(t);
    const claim = await claimOne(t, await t.node());
    await append(t, "begin", [started(claim)], { claim });
    await append(t, "end", [{ type: "cancelled" }], { claim });
    const late: ProcessEventBody[] = [
      { type: "signal", name: "rate", ordinal: 0, payload: 1 },
      { type: "cancel_requested", origin: "ana" },
    ];
    for (const [index, body] of late.entries()) {
      const asked = t.store.processes.append({ processId: P1, key: `late ${index}`, bodies: [body] });
      await t.refused(asked, "process_ended", body.type);
    }
    const second = t.store.processes.append({
      processId: P1,
      key: "end again",
      bodies: [{ type: "completed", output: 1 }],
      fence: claim.fence,
    });
    await t.refused(second, "process_ended");
    t.expect((await append(t, "move", [{ type: "transferred", from: S1, to: S2 }])).record.grants).toEqual([
      S2,
    ]);
  });

  add("lists what a session sees, live or all, in pages", async (t) => {
    for (const id of ["p3", "p1", "p2"]) await register(t, id);
    await append(t, "hide", [{ type: "grant_revoked", sessionId: S1 }], { id: "p2" });
    await append(t, "give", [{ type: "grant_added", sessionId: S2 }], { id: "p3" });
    const { processes } = t.store;
    const claims = await processes.claim(await t.node(), { names: ["import"], limit: 10 });
    const claim = claims.find(({ fence }) => fence.processId === "p1")!;
    await append(t, "begin", [started(claim)], { claim });
    await append(t, "end", [{ type: "completed", output: null }], { claim });
    t.expect(ids(await processes.list({ sessionId: S1, live: true, limit: 10 }))).toEqual(["p3"]);
    t.expect(ids(await processes.list({ sessionId: S1, live: false, limit: 10 }))).toEqual(["p1", "p3"]);
    t.expect(ids(await processes.list({ sessionId: S2, live: true, limit: 10 }))).toEqual(["p3"]);
    t.expect(ids(await processes.list({ live: true, limit: 10 }))).toEqual(["p2", "p3"]);
    t.expect(ids(await processes.list({ live: false, limit: 2 }))).toEqual(["p1", "p2"]);
    t.expect(ids(await processes.list({ live: false, after: processId("p2"), limit: 2 }))).toEqual(["p3"]);
    t.expect(ids(await processes.list({ sessionId: S1, live: false, after: P1, limit: 2 }))).toEqual(["p3"]);
  });

  add("D4 the end, and progress that says so, wake the target in the same transaction", async (t) => {
    const held = await t.working();
    await register(t, "p1", { wake: { sessionId: S1 } });
    const claim = await claimOne(t, await t.node("runner"));
    await append(t, "begin", [started(claim)], { claim });
    await append(t, "quiet", [FAR], { claim });
    t.expect(await held.park(), "nothing has woken it").toBe(true);
    t.expect(await t.claim(await t.node("other"), "s1")).toEqual([]);
    await append(t, "loud", [{ ...FAR, wake: true }], { claim });
    const again = await t.hold(await t.node("other"));
    await append(t, "end", [{ type: "completed", output: 1 }], { claim });
    t.expect(await again.park(), "D16: the wake mark refuses the park").toBe(false);
  });

  add("D4 a wake target that is no session harms nobody", async (t) => {
    await register(t, "p1", { disposition: "external", wake: { sessionId: sessionId("nobody") } });
    const { record } = await append(t, "end", [{ type: "completed", output: 1 }]);
    t.expect(record.status).toBe("completed");
  });

  add("D10 a change is hinted at, here and in another process", async (t) => {
    const second = await t.second();
    const heard: (string | undefined)[] = [];
    const stop = [t.store, second].map((store) => store.processes.onChange((id) => void heard.push(id)));
    let count = 0;
    await t.until("both have heard", async () => {
      if (heard.filter((id) => id === "p1").length >= 2) return true;
      count += 1;
      await append(t, `k${count}`, [
        { type: "registered", registration: newProcess("p1") },
        { type: "signal", name: "rate", ordinal: 0, payload: count },
      ]);
      return undefined;
    });
    for (const unlisten of stop) unlisten();
    const before = heard.length;
    await append(t, "after", [{ type: "signal", name: "rate", ordinal: 0, payload: 0 }]);
    await t.store.processes.load(P1);
    t.expect(heard.length).toBe(before);
  });

  add("what watches a process reads what everybody reads", async (t) => {
    const watch = true;
    t.expect(await t.store.processes.load(P1, { watch })).toBe(null);
    const { record } = await register(t);
    for (let i = 0; i < 2; i++) t.expect(await t.store.processes.load(P1, { watch })).toEqual(record);
    const claim = await claimOne(t, await t.node());
    await append(t, "begin", [started(claim)], { claim });
    const ended = await append(t, "end", [{ type: "completed", output: 1 }], { claim });
    t.expect(await t.store.processes.load(P1, { watch })).toEqual(ended.record);
  });

  add("S17 racing signals of one name get an ordinal each, racing claims one owner", async (t) => {
    const stores = [t.store, await t.second()];
    await register(t);
    const told = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        stores[i % 2]!.processes.append({
          processId: P1,
          key: `k${i}`,
          bodies: [{ type: "signal", name: "rate", ordinal: 0, payload: i }],
        }),
      ),
    );
    const ordinals = told.map(({ events }) => (events[0]!.body as { ordinal: number }).ordinal);
    t.expect(ordinals.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    t.expect(foldProcess(await t.store.processes.events(P1))).toEqual(await t.store.processes.load(P1));
    const nodes = [await t.node("node-a"), await t.node("node-b"), await t.node("node-c")];
    const claims = await Promise.all(
      nodes.map((node, i) => stores[i % 2]!.processes.claim(node, { names: ["import"], limit: 5 })),
    );
    t.expect(claims.flat().length).toBe(1);
  });

  add("S6 what is read and what was handed in can be changed without harm", async (t) => {
    const payload = { deep: [1] };
    const asking = t.store.processes.append({
      processId: P1,
      key: "start",
      bodies: [{ type: "registered", registration: newProcess("p1", { input: payload }) }],
    });
    await asking;
    payload.deep.push(2);
    t.expect((await t.store.processes.load(P1))?.registration.input).toEqual({ deep: [1] });
    const record = await t.store.processes.load(P1);
    try {
      (record as { status: string }).status = "spoilt";
    } catch {
      // Frozen.
    }
    t.expect((await t.store.processes.load(P1))?.status).toBe("registered");
  });

  add("S18 logs, records, keys and owners are there after a restart", "reopen", async (t) => {
    const first = await register(t);
    const claim = await claimOne(t, await t.node("node-a"));
    const begun = await append(t, "begin", [started(claim)], { claim });
    await t.reopen();
    t.expect(await t.store.processes.load(P1)).toEqual(begun.record);
    t.expect((await register(t)).events).toEqual(first.events);
    await append(t, "still", [FAR], { claim });
    t.expect(await t.store.processes.claim(await t.node("node-b"), { names: ["import"], limit: 5 })).toEqual(
      [],
    );
  });
});
