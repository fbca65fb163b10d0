import { inputId, sessionId, turnIdOfInput } from "@pawl/core";
import { config } from "../fixtures.ts";
import { chapter } from "../store-case.ts";

const S1 = sessionId("s1");

export const sessionsChapter = chapter("Sessions and turns", (add) => {
  add("S1 a session begins with its first input: idle, at revision 0", async (t) => {
    const { acceptedAt } = await t.accept("in_1");
    t.expect(await t.store.sessions.load(S1)).toEqual({
      sessionId: "s1",
      runtimeState: "idle",
      revision: 0,
      messageCount: 0,
      lastDigest: null,
      openTurn: null,
      parked: false,
      blocked: null,
      paused: false,
      holder: null,
      createdAt: acceptedAt,
    });
  });

  add("S2 what is absent is absent", async (t) => {
    const { sessions, log } = t.store;
    const turn = turnIdOfInput(inputId("in_1"));
    t.expect(await sessions.load(S1)).toBe(null);
    t.expect(await sessions.list({ limit: 10 })).toEqual([]);
    t.expect(await sessions.transcript(S1)).toEqual([]);
    t.expect(await sessions.receipts(S1)).toEqual([]);
    t.expect(await sessions.loadCommitted(turn)).toBe(null);
    t.expect(await sessions.loadConfig("0".repeat(64))).toBe(null);
    t.expect(await sessions.pendingCancel(turn)).toBe(null);
    t.expect(await log.read(S1)).toEqual([]);
  });

  add(
    "S1 D7 beginning a turn stores its configuration, stages its inputs and writes its first row",
    async (t) => {
      const held = await t.working();
      const [row] = await t.store.log.read(S1);
      const turn = await held.newTurn(["in_s1"]);
      t.expect(row).toEqual({ ...turn.row, seq: 1 });
      t.expect(await t.store.sessions.loadConfig(turn.configHash)).toEqual(config());
      const input = await t.store.inbox.load(inputId("in_s1"));
      t.expect([input?.state, input?.turnId]).toEqual(["staged", turn.turnId]);
      const record = await t.store.sessions.load(S1);
      t.expect([record?.openTurn, record?.runtimeState]).toEqual([turn.turnId, "running"]);
    },
  );

  add("S1 D7 two turns may share a configuration, and keep two apart", async (t) => {
    const held = await t.working();
    await held.end();
    await t.accept("in_2");
    const second = await held.begin(["in_2"]);
    await held.end();
    await t.accept("in_3");
    const third = await held.begin(["in_3"], { agent: "other" });
    t.expect(second.configHash === third.configHash).toBe(false);
    t.expect(await t.store.sessions.loadConfig(second.configHash)).toEqual(config());
    t.expect(await t.store.sessions.loadConfig(third.configHash)).toEqual(config("other"));
  });

  add("S1 the session shows the turn's end: revision, messages, digest, idle again", async (t) => {
    const held = await t.working();
    const receipt = await held.end();
    const record = await t.store.sessions.load(S1);
    t.expect(record?.revision).toBe(1);
    t.expect(record?.messageCount).toBe(2);
    t.expect(record?.lastDigest).toBe(receipt.digest);
    t.expect(record?.openTurn).toBe(null);
    t.expect(record?.runtimeState).toBe("idle");
  });

  add("S1 a turn may begin with several inputs, steering ones among them", async (t) => {
    await t.accept("in_1");
    await t.accept("in_2", "s1", { delivery: "steer" });
    const held = await t.hold(await t.node());
    const { turnId } = await held.begin(["in_1", "in_2"]);
    const inputs = await t.store.inbox.list(S1);
    t.expect(inputs.map((input) => [input.state, input.turnId])).toEqual([
      ["staged", turnId],
      ["staged", turnId],
    ]);
    const receipt = await held.end();
    t.expect(receipt.inputIds).toEqual(["in_1", "in_2"]);
  });

  add("S12 the same begin again by the same holder is recognised: its answer was lost", async (t) => {
    await t.accept("in_1");
    const held = await t.hold(await t.node());
    const turn = await held.newTurn(["in_1"]);
    await t.store.sessions.beginTurn(held.fence, turn);
    await t.unchanged(["s1"], () => t.store.sessions.beginTurn(held.fence, turn));
    const other = { ...turn, row: { ...turn.row, at: turn.row.at + 1 } };
    await t.unchanged(["s1"], () =>
      t.refused(t.store.sessions.beginTurn(held.fence, other), "store_conflict"),
    );
  });

  add("the transcript can be read from a message on", async (t) => {
    const held = await t.working();
    await held.end();
    await t.accept("in_2");
    await held.begin(["in_2"]);
    await held.end();
    const all = await t.store.sessions.transcript(S1);
    t.expect(all.map((message) => message.id)).toEqual(["turn_s1.u", "turn_s1.a", "turn_2.u", "turn_2.a"]);
    t.expect(await t.store.sessions.transcript(S1, 3)).toEqual(all.slice(3));
    t.expect(await t.store.sessions.transcript(S1, 4)).toEqual([]);
    t.expect(await t.store.sessions.transcript(S1, 99)).toEqual([]);
  });

  add("sessions are listed with the most recently used first, as many as asked for", async (t) => {
    for (const name of ["a", "b", "c"]) await t.accept(`in_${name}`, name);
    await t.accept("in_a2", "a");
    const ids = async (limit: number) =>
      (await t.store.sessions.list({ limit })).map((record) => record.sessionId);
    t.expect(await ids(10)).toEqual(["a", "c", "b"]);
    t.expect(await ids(2)).toEqual(["a", "c"]);
    const held = await t.hold(await t.node(), "b");
    await held.begin(["in_b"]);
    await held.end();
    t.expect(await ids(1)).toEqual(["b"]);
    t.expect((await t.store.sessions.list({ limit: 1 }))[0]).toEqual(
      await t.store.sessions.load(sessionId("b")),
    );
  });
});
