import { inputId, type LogRow, sessionId, turnId } from "@pawl/core";
import { textDelta, userMessage } from "../fixtures.ts";
import type { Held } from "../held.ts";
import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";

class Torn extends Error {}

/** Ways for the row of a transaction to fail after the rest of it was done. */
const BAD_ROWS: readonly { readonly why: string; readonly make: (held: Held) => LogRow }[] = [
  {
    why: "cannot be made",
    make: () => {
      throw new Torn("on purpose");
    },
  },
  { why: "has a number that is taken", make: (held) => held.row(textDelta("x"), { seq: held.head }) },
  { why: "would leave a gap", make: (held) => held.row(textDelta("x"), { seq: held.head + 2 }) },
  { why: "is of another turn", make: (held) => held.row(textDelta("x"), { turnId: turnId("turn_other") }) },
  { why: "cannot be stored", make: (held) => held.row(textDelta("\u0000")) },
];

async function fails(t: StoreTest, promise: Promise<unknown>): Promise<void> {
  const failed = await promise.then(
    () => false,
    () => true,
  );
  t.expect(failed, "must be refused").toBe(true);
}

export const atomicityLaw = chapter("Law: all or nothing", (add) => {
  for (const { why, make } of BAD_ROWS) {
    add(`S11 nothing of a commit stays when its row ${why}`, async (t) => {
      const held = await t.working();
      await t.accept("in_steer", "s1", { delivery: "steer" });
      await t.unchanged(["s1"], () => fails(t, held.commit({ row: () => make(held) })));
      t.expect(await t.store.sessions.loadCommitted(turnId("turn_s1"))).toBe(null);
      // It is as if it had not been tried: the same commit can be made.
      t.expect((await held.end()).sequence).toBe(0);
    });

    add(`S11 D19 nothing of a checkpoint stays when its row ${why}`, async (t) => {
      const held = await t.working();
      await t.accept("in_steer", "s1", { delivery: "steer" });
      const checkpoint = (row: () => LogRow) => t.store.inbox.checkpoint(held.fence, turnId("turn_s1"), row);
      await t.unchanged(["s1"], () =>
        fails(
          t,
          checkpoint(() => make(held)),
        ),
      );
      t.expect((await checkpoint(() => held.row(textDelta("good")))).inputs.length).toBe(1);
    });
  }

  add("S11 what a maker of rows throws is thrown", async (t) => {
    const held = await t.working();
    const thrower = () => {
      throw new Torn("on purpose");
    };
    const caught = (promise: Promise<unknown>) =>
      promise.then(
        () => "nothing",
        (error: unknown) => error instanceof Torn || (error instanceof Error && error.cause instanceof Torn),
      );
    t.expect(await caught(held.commit({ row: thrower }))).toBe(true);
    t.expect(await caught(t.store.inbox.checkpoint(held.fence, turnId("turn_s1"), thrower))).toBe(true);
  });

  add("S10 nothing of a commit stays when its messages cannot be stored", async (t) => {
    const held = await t.working();
    for (const text of ["a\u0000", "\udfff"]) {
      const delta = { baseRevision: 0, messages: [userMessage("m1"), userMessage("m2", text)] };
      await t.unchanged(["s1"], () => t.refused(held.commit({ delta }), "not_storable"));
    }
    t.expect((await held.end()).revision).toBe(1);
  });

  add("S16 a turn begins wholly or not at all", async (t) => {
    await t.accept("in_1");
    await t.accept("in_2");
    await t.accept("in_elsewhere", "s2");
    const held = await t.hold(await t.node());
    await held.begin(["in_1"]);
    await held.end();

    const good = await held.newTurn(["in_2"]);
    const begin = (more: Partial<typeof good>) =>
      t.store.sessions.beginTurn(held.fence, { ...good, ...more, configHash: "f".repeat(64) });
    const attempts: [string, () => Promise<void>, string][] = [
      [
        "an input that is settled",
        () => begin({ inputIds: [inputId("in_2"), inputId("in_1")] }),
        "store_conflict",
      ],
      ["an unknown input", () => begin({ inputIds: [inputId("in_2"), inputId("in_x")] }), "store_conflict"],
      [
        "an input of another session",
        () => begin({ inputIds: [inputId("in_2"), inputId("in_elsewhere")] }),
        "store_conflict",
      ],
      [
        "a turn id that was used",
        () => begin({ turnId: turnId("turn_1"), row: { ...good.row, turnId: turnId("turn_1") } }),
        "store_conflict",
      ],
      ["a row whose number is taken", () => begin({ row: { ...good.row, seq: 1 } }), "store_conflict"],
      ["a row that leaves a gap", () => begin({ row: { ...good.row, seq: 9 } }), "store_conflict"],
      [
        "a configuration that cannot be stored",
        () => begin({ config: { ...good.config, agent: { name: "\u0000" } } }),
        "not_storable",
      ],
    ];
    for (const [what, attempt, code] of attempts) {
      await t.unchanged(["s1", "s2"], () => t.refused(attempt(), code, what));
    }
    t.expect(await t.store.sessions.loadConfig("f".repeat(64))).toBe(null);
    await held.begin(["in_2"]);
    await t.accept("in_3");
    await t.unchanged(["s1"], () => t.refused(held.begin(["in_3"]), "store_conflict", "a turn is open"));
  });

  add("S11 nobody sees a commit half done", async (t) => {
    const held = await t.working();
    const reader = await t.second();
    let over = false;
    const seen = new Set<string>();
    const watching = (async () => {
      while (!over) {
        const committed = await reader.sessions.loadCommitted(turnId("turn_s1"));
        const after = [
          (await reader.sessions.load(sessionId("s1")))?.revision,
          (await reader.sessions.transcript(sessionId("s1"))).length,
          (await reader.inbox.load(inputId("in_s1")))?.state,
          (await reader.log.read(sessionId("s1"))).length,
          (await reader.sessions.receipts(sessionId("s1"))).length,
        ];
        // What is read after the receipt was seen must hold all of the commit.
        if (committed !== null) seen.add(JSON.stringify(after));
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    })();
    await held.end();
    await t.until("the reader has seen it", async () => (seen.size > 0 ? true : undefined), 5);
    over = true;
    await watching;
    t.expect([...seen]).toEqual([JSON.stringify([1, 2, "consumed", 2, 1])]);
  });
});
