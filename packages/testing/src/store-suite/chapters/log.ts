import { effectId, type LogBody, type LogRow, NO_USAGE, sessionId, turnId } from "@pawl/core";
import { textDelta } from "../fixtures.ts";
import { chapter } from "../store-case.ts";

const S1 = sessionId("s1");
const EFFECT = effectId("0/tool_call/0");

/** One of each kind, with what JSON stores get wrong: empty values, odd keys, numbers at the edge, all planes of Unicode. */
const BODIES: readonly LogBody[] = [
  {
    kind: "machine_input",
    input: {
      type: "effect_settled",
      now: 1_700_000_000_123,
      effectId: EFFECT,
      outcome: {
        kind: "tool_call",
        launch: {
          status: "done",
          result: {
            status: "ok",
            output: {
              "": null,
              b: [[], {}, [[]]],
              a: 'é\u0301 𝒳 \u2028 \t\n"\\',
              n: [0, 1.5, -2.25, Number.MAX_SAFE_INTEGER, 1e21, 5e-7, 0.1],
              constructor: "c",
              toString: false,
            },
          },
        },
      },
    },
    command: { kind: "tool_call", name: "refund", input: { z: 1, a: 2 } },
    events: [],
  },
  {
    kind: "machine_input",
    input: {
      type: "effect_settled",
      now: 1,
      effectId: EFFECT,
      outcome: {
        kind: "model_call",
        textStreamed: true,
        result: {
          ok: true,
          answer: {
            parts: [{ type: "text", text: "" }],
            terminalReason: "stop",
            usage: NO_USAGE,
            model: "m",
          },
        },
      },
    },
  },
  { kind: "effect_intent", effectId: EFFECT, attempt: 1, nonce: "n", startBefore: 5, reservedNanoUsd: 7 },
  {
    kind: "effect_intent",
    effectId: EFFECT,
    attempt: 1,
    nonce: "n",
    startBefore: 5,
    left: [{ topic: "mail", payload: { "": null } }],
  },
  { kind: "step_done", effectId: EFFECT, stepId: "charge", value: [1, { two: null }] },
  { kind: "text_delta", effectId: EFFECT, attempt: 0, text: " leading, trailing " },
  { kind: "attempt_reset", effectId: EFFECT, attempt: 1 },
];

export const logChapter = chapter("The log", (add) => {
  add("S1 D5 rows of every kind come back as they were given, in order, without gaps", async (t) => {
    const held = await t.working();
    const rows = BODIES.map((body, index): LogRow => {
      const ordinal = body.kind === "machine_input" ? index + 1 : null;
      return held.row(body, { seq: held.head + 1 + index, at: 1_700_000_000_000 + index, ordinal });
    });
    await t.store.log.append(held.fence, rows);
    t.expect((await t.store.log.read(S1)).slice(1)).toEqual(rows);
    t.expect((await t.store.log.read(S1)).map((row) => row.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  add("can be read after a row, by turn, and a few at a time", async (t) => {
    const held = await t.working();
    await held.append("a", "b", "c");
    await held.end();
    await t.accept("in_2");
    await held.begin(["in_2"]);
    await held.append("d");
    const seqs = async (query: object) => (await t.store.log.read(S1, query)).map((row) => row.seq);
    t.expect(await seqs({})).toEqual([1, 2, 3, 4, 5, 6, 7]);
    t.expect(await seqs({ after: 0, limit: 2 })).toEqual([1, 2]);
    t.expect(await seqs({ after: 2, limit: 3 })).toEqual([3, 4, 5]);
    t.expect(await seqs({ after: 7 })).toEqual([]);
    t.expect(await seqs({ after: 1_000 })).toEqual([]);
    t.expect(await seqs({ turnId: turnId("turn_2") })).toEqual([6, 7]);
    t.expect(await seqs({ turnId: turnId("turn_s1"), after: 1, limit: 2 })).toEqual([2, 3]);
    t.expect(await seqs({ turnId: turnId("turn_none") })).toEqual([]);
  });

  add("is known to have grown, after a row and by turn, also when many ask at once", async (t) => {
    const held = await t.working();
    await held.append("a");
    await held.end();
    const other = await t.working("s2");
    await other.append("b");
    const grown = (after: number, turn?: string, session = "s1") =>
      t.store.log.grown(sessionId(session), { after, ...(turn && { turnId: turnId(turn) }) });
    const asked = [
      grown(0),
      grown(2),
      grown(3),
      grown(0, "turn_s1"),
      grown(3, "turn_s1"),
      grown(0, "turn_none"),
      grown(0, "turn_s2"),
      grown(1, undefined, "s2"),
      grown(2, "turn_s2", "s2"),
      grown(0, undefined, "never"),
    ];
    const [yes, no] = [true, false];
    t.expect(await Promise.all(asked)).toEqual([yes, yes, no, yes, no, no, no, yes, no, no]);
    await other.append("c");
    t.expect(await grown(2, "turn_s2", "s2")).toBe(true);
  });

  add("D5 the holder goes on from the head that its claim read", async (t) => {
    const first = await t.working();
    await first.append("a", "b");
    await first.retry(0);
    const second = await t.hold(await t.node("node-b"));
    t.expect([second.claim.logHead, second.claim.openTurn]).toEqual([3, "turn_s1"]);
    await second.append("c");
    t.expect((await t.store.log.read(S1)).map((row) => row.seq)).toEqual([1, 2, 3, 4]);
  });

  add("D5 a number that is taken, or would leave a gap, is a conflict", async (t) => {
    const held = await t.working();
    await held.append("a");
    const { head } = held;
    for (const seq of [head, head - 1, head + 2, head + 100, 0, -1]) {
      const row = held.row(textDelta("other"), { seq });
      await t.unchanged(["s1"], () =>
        t.refused(t.store.log.append(held.fence, [row]), "store_conflict", `row ${seq} after ${head}`),
      );
    }
    const gap = [held.row(textDelta("b")), held.row(textDelta("c"), { seq: head + 3 })];
    await t.unchanged(["s1"], () => t.refused(t.store.log.append(held.fence, gap), "store_conflict"));
    await held.append("b");
  });

  add("S12 D9 the same rows again by the same holder are recognised", async (t) => {
    const held = await t.working();
    const rows = await held.append("a", "b");
    await t.unchanged(["s1"], async () => {
      await t.store.log.append(held.fence, rows);
      await t.store.log.append(held.fence, rows.slice(1));
    });
    await held.append("c");
    t.expect((await t.store.log.read(S1)).length).toBe(4);
  });

  add("S12 D9 other rows under the same numbers are not", async (t) => {
    const held = await t.working();
    const rows = await held.append("a", "b");
    const other = rows.map((row) => ({ ...row, body: textDelta("other") }));
    await t.unchanged(["s1"], () => t.refused(t.store.log.append(held.fence, other), "store_conflict"));
    await t.unchanged(["s1"], () =>
      t.refused(t.store.log.append(held.fence, other.slice(1)), "store_conflict"),
    );
  });

  add("S12 D9 the same rows by another holder are not its own", async (t) => {
    const first = await t.working();
    const rows = await first.append("a");
    await first.retry(0);
    const second = await t.hold(await t.node("node-b"));
    await t.unchanged(["s1"], () => t.refused(t.store.log.append(second.fence, rows), "store_conflict"));
  });

  add("S14 D8 only the open turn has rows written", async (t) => {
    const held = await t.working();
    const foreign = held.row(textDelta("a"), { turnId: turnId("turn_other") });
    await t.unchanged(["s1"], () => t.refused(t.store.log.append(held.fence, [foreign]), "store_conflict"));
    await held.end();
    const late = held.row(textDelta("late"), { turnId: turnId("turn_s1") });
    await t.unchanged(["s1"], () => t.refused(t.store.log.append(held.fence, [late]), "store_conflict"));
    await t.accept("in_2");
    await held.begin(["in_2"]);
    const later = held.row(textDelta("late"), { turnId: turnId("turn_s1") });
    await t.unchanged(["s1"], () => t.refused(t.store.log.append(held.fence, [later]), "store_conflict"));
  });

  add("S10 D9 text that no store keeps is refused, with all rows of the same append", async (t) => {
    const held = await t.working();
    for (const text of ["a\u0000b", "\ud83d", "x\udc00"]) {
      const rows = held.texts("good", text);
      await t.unchanged(["s1"], () => t.refused(t.store.log.append(held.fence, rows), "not_storable"));
    }
    const key = held.row({ kind: "step_done", effectId: EFFECT, stepId: "s", value: { "a\u0000": 1 } });
    await t.unchanged(["s1"], () => t.refused(t.store.log.append(held.fence, [key]), "not_storable"));
    await held.append("good");
  });

  add("S10 D9 a bad row harms no other session in the same moment", async (t) => {
    const held = [];
    for (let i = 0; i < 6; i++) held.push(await t.working(`s${i}`));
    const ends = await Promise.allSettled(
      held.map((one, index) => one.append(index === 2 ? "bad \u0000" : `good ${index}`)),
    );
    t.expect(ends.map((end) => end.status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
      "fulfilled",
    ]);
    const lengths = [];
    for (let i = 0; i < 6; i++) lengths.push((await t.store.log.read(sessionId(`s${i}`))).length);
    t.expect(lengths).toEqual([2, 2, 1, 2, 2, 2]);
  });

  add("S17 D9 a taken number harms no other session in the same moment", async (t) => {
    const held = [];
    for (let i = 0; i < 6; i++) held.push(await t.working(`s${i}`));
    const ends = await Promise.allSettled(
      held.map((one, index) => {
        const seq = index === 4 ? 1 : one.head + 1;
        return t.store.log.append(one.fence, [one.row(textDelta("x"), { seq })]);
      }),
    );
    t.expect(ends.map((end) => end.status === "fulfilled")).toEqual([true, true, true, true, false, true]);
  });

  add("S21 a row of two million characters is kept whole", async (t) => {
    const held = await t.working();
    const text = "0123456789 ünïcödé 🐢\n".repeat(100_000);
    const [row] = await held.append(text);
    t.expect((await t.store.log.read(S1, { after: 1 }))[0]).toEqual(row);
  });

  add("S21 a thousand rows in one append are kept in order", async (t) => {
    const held = await t.working();
    await held.append(...Array.from({ length: 1_000 }, (_, i) => `piece ${i}`));
    const rows = await t.store.log.read(S1);
    t.expect(rows.map((row) => row.seq)).toEqual(Array.from({ length: 1_001 }, (_, i) => i + 1));
    t.expect(rows[1_000]?.body).toEqual(textDelta("piece 999"));
  });

  add("S20 a spoilt row is named and harms no other session", "corruptRow", async (t) => {
    const spoilt = await t.working("spoilt");
    await spoilt.append("a", "b");
    const sound = await t.working("sound");
    await sound.append("a");
    const { corruptRow } = t.capabilities;
    if (corruptRow) await corruptRow(t.store, sessionId("spoilt"), 2);
    await t.refused(t.store.log.read(sessionId("spoilt")), "store_corrupt_row");
    t.expect((await t.store.log.read(sessionId("spoilt"), { after: 2 })).length).toBe(1);
    t.expect((await t.store.log.read(sessionId("sound"))).length).toBe(2);
    await sound.append("b");
  });
});
