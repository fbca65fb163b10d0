import { inputId, sessionId, turnId } from "@pawl/core";
import type { InputRecord } from "@pawl/core/ports";
import { newInput, textDelta } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import { HOUR_MS } from "../store-test.ts";

const S1 = sessionId("s1");
const T1 = turnId("turn_s1");
const ids = (inputs: readonly InputRecord[]) => inputs.map((input) => input.inputId);

export const inboxChapter = chapter("The inbox", (add) => {
  add("S1 an input comes back as it was given, queued, with its turn's name", async (t) => {
    const given = newInput("in_1", "s1", { idempotencyKey: "k1", at: 5 });
    const { input, duplicate } = await t.store.inbox.accept(given);
    t.expect(duplicate).toBe(false);
    t.expect(input).toEqual({
      ...given,
      position: 1,
      state: "queued",
      turnId: "turn_1",
      digest: input.digest,
      acceptedAt: input.acceptedAt,
      lastRunId: null,
      lastBoundarySequence: null,
    });
    t.expect(await t.store.inbox.load(inputId("in_1"))).toEqual(input);
    t.expect(await t.store.inbox.list(S1)).toEqual([input]);
  });

  add("S1 all kinds of content are kept, and what was not given is not there", async (t) => {
    const parts = [
      { type: "text" as const, text: "" },
      { type: "structured" as const, value: { "": [null, { deep: [1.5, "é 🐢"] }] } },
      { type: "file" as const, ref: `sha256:${"0".repeat(64)}`, mediaType: "a/b", bytes: 3, name: "f" },
    ];
    for (const delivery of ["next", "steer", "interrupt"] as const) {
      const id = `in_${delivery}`;
      const input = await t.accept(id, "s1", { delivery, content: { parts } });
      t.expect(input.content).toEqual({ parts });
      t.expect([input.delivery, input.turnId]).toEqual([delivery, delivery === "next" ? "turn_next" : null]);
      t.expect(["idempotencyKey" in input, "at" in input]).toEqual([false, false]);
      t.expect(await t.store.inbox.load(inputId(id))).toEqual(input);
    }
  });

  add("S9 an input's digest is that of its content and delivery, and of nothing else", async (t) => {
    const digest = await t.digest();
    const a = await t.accept("in_a");
    t.expect(a.digest).toBe(digest({ content: a.content, delivery: "next" }));
    const same = await t.accept("in_b", "s2", { content: a.content, idempotencyKey: "k", at: 9 });
    t.expect(same.digest).toBe(a.digest);
    const steer = await t.accept("in_c", "s1", { content: a.content, delivery: "steer" });
    t.expect(steer.digest === a.digest).toBe(false);
  });

  add("S5 inputs stand in the order of admission, whatever becomes of them", async (t) => {
    const names = ["in_z", "in_a", "in_m", "in_b"];
    for (const id of names) await t.accept(id, "s1", id === "in_m" ? { delivery: "steer" } : {});
    await t.accept("in_other", "s2");
    const held = await t.hold(await t.node());
    await held.begin(["in_a"]);
    await held.end();
    await held.begin(["in_z"]);
    await held.end();
    const inputs = await t.store.inbox.list(S1);
    t.expect(ids(inputs)).toEqual(names);
    t.expect(inputs.map((input) => input.position)).toEqual([1, 2, 3, 4]);
    t.expect(inputs.map((input) => input.state)).toEqual(["consumed", "consumed", "queued", "queued"]);
  });

  add("S13 the same key and content again is the first input, also once it is settled", async (t) => {
    const first = await t.accept("in_1", "s1", { idempotencyKey: "k" });
    const again = newInput("in_2", "s1", { idempotencyKey: "k", content: first.content });
    await t.unchanged(["s1"], async () => {
      t.expect(await t.store.inbox.accept(again)).toEqual({ input: first, duplicate: true });
    });
    t.expect(await t.store.inbox.load(inputId("in_2"))).toBe(null);
    const held = await t.hold(await t.node());
    await held.begin(["in_1"]);
    await held.end();
    const { input, duplicate } = await t.store.inbox.accept(again);
    t.expect([input.inputId, input.state, duplicate]).toEqual(["in_1", "consumed", true]);
  });

  add("S13 the same key with other content is a conflict", async (t) => {
    const first = await t.accept("in_1", "s1", { idempotencyKey: "k" });
    const others = [
      newInput("in_2", "s1", { idempotencyKey: "k" }),
      newInput("in_2", "s1", { idempotencyKey: "k", content: first.content, delivery: "steer" }),
      newInput("in_1", "s1", { idempotencyKey: "k", content: { parts: [] } }),
    ];
    for (const other of others) {
      await t.unchanged(["s1"], () => t.refused(t.store.inbox.accept(other), "store_conflict"));
    }
  });

  add("S13 S4 a key is of its session only", async (t) => {
    await t.accept("in_1", "s1", { idempotencyKey: "k" });
    const { duplicate } = await t.store.inbox.accept(newInput("in_2", "s2", { idempotencyKey: "k" }));
    t.expect(duplicate).toBe(false);
    t.expect(ids(await t.store.inbox.list(sessionId("s2")))).toEqual(["in_2"]);
  });

  add("S13 an input id is taken once, in all sessions", async (t) => {
    await t.accept("in_1");
    for (const session of ["s1", "s2"]) {
      const other = newInput("in_1", session, { content: { parts: [{ type: "text", text: "other" }] } });
      await t.unchanged(["s1", "s2"], () => t.refused(t.store.inbox.accept(other), "store_conflict"));
    }
  });

  add("S10 content that no store keeps is refused, and makes no session", async (t) => {
    for (const text of ["\u0000", "a\ud800b"]) {
      const bad = newInput("in_1", "s1", { content: { parts: [{ type: "text", text }] } });
      await t.refused(t.store.inbox.accept(bad), "not_storable");
    }
    t.expect(await t.store.sessions.load(S1)).toBe(null);
    t.expect((await t.accept("in_1")).position).toBe(1);
  });

  add("S21 an input of a million characters is kept whole", async (t) => {
    const content = { parts: [{ type: "text" as const, text: "🐢 0123456".repeat(100_000) }] };
    await t.accept("in_1", "s1", { content });
    t.expect((await t.store.inbox.load(inputId("in_1")))?.content).toEqual(content);
  });

  add("next is the oldest queued input that is due, and steering without a turn counts", async (t) => {
    const { acceptedAt } = await t.accept("in_0", "s0");
    await t.accept("in_later", "s1", { at: acceptedAt + HOUR_MS });
    await t.accept("in_steer", "s1", { delivery: "steer" });
    await t.accept("in_past", "s1", { at: acceptedAt - HOUR_MS });
    const held = await t.hold(await t.node());
    const next = async () => (await t.store.inbox.next(held.fence))?.inputId;
    t.expect(await next()).toBe("in_steer");
    t.expect(await next()).toBe("in_steer");
    await held.begin(["in_steer"]);
    t.expect(await next()).toBe(undefined);
    await held.end();
    t.expect(await next()).toBe("in_past");
    await held.begin(["in_past"]);
    await held.end();
    t.expect(await t.store.inbox.next(held.fence)).toBe(null);
  });

  add("an input with a time comes due by itself", async (t) => {
    const { acceptedAt } = await t.accept("in_0", "s0");
    await t.accept("in_1", "s1", { at: acceptedAt + 300 });
    const node = await t.node();
    const claim = await t.until("the input is due", async () => (await t.claim(node, "s1"))[0]);
    t.expect((await t.store.inbox.next(claim.fence))?.inputId).toBe("in_1");
  });

  add(
    "D19 a checkpoint claims the steering inputs that are due, in order, with the row that holds them",
    async (t) => {
      const held = await t.working();
      const { acceptedAt } = await t.accept("in_next");
      await t.accept("in_a", "s1", { delivery: "steer" });
      await t.accept("in_b", "s1", { delivery: "interrupt" });
      await t.accept("in_later", "s1", { delivery: "steer", at: acceptedAt + HOUR_MS });
      const { inputs, row } = await t.store.inbox.checkpoint(held.fence, T1, (claimed) =>
        held.row(textDelta(ids(claimed).join())),
      );
      t.expect(inputs.map((input) => [input.inputId, input.state, input.turnId])).toEqual([
        ["in_a", "staged", "turn_s1"],
        ["in_b", "staged", "turn_s1"],
      ]);
      t.expect(row).toEqual({ ...held.row(textDelta("in_a,in_b")), seq: 2 });
      t.expect((await t.store.log.read(S1))[1]).toEqual(row);
      t.expect(await t.store.inbox.load(inputId("in_a"))).toEqual(inputs[0]);
      const states = (await t.store.inbox.list(S1)).map((input) => input.state);
      t.expect(states).toEqual(["staged", "queued", "staged", "staged", "queued"]);
    },
  );

  add("S14 D19 what a turn has claimed it is not given again", async (t) => {
    const held = await t.working();
    await t.accept("in_a", "s1", { delivery: "steer" });
    const seen: (readonly string[])[] = [];
    for (let i = 0; i < 2; i++) {
      const { inputs } = await t.store.inbox.checkpoint(held.fence, T1, () =>
        held.row(textDelta("checkpoint")),
      );
      seen.push(ids(inputs));
      held.head += 1;
    }
    t.expect(seen).toEqual([["in_a"], []]);
    t.expect((await t.store.log.read(S1)).map((row) => row.seq)).toEqual([1, 2, 3]);
  });

  for (const [title, delivery] of [
    ["when nobody steers", "next"],
    ["when somebody does", "steer"],
  ] as const) {
    add(`D5 D19 rows that come before a checkpoint are written with it, ${title}`, async (t) => {
      const held = await t.working();
      await t.accept("in_a", "s1", { delivery });
      const before = held.texts("one", "two");
      const row = held.row(textDelta("checkpoint"), { seq: held.head + 3 });
      const { inputs } = await t.store.inbox.checkpoint(held.fence, T1, () => row, before);
      t.expect(ids(inputs)).toEqual(delivery === "steer" ? ["in_a"] : []);
      t.expect((await t.store.log.read(S1)).slice(-3)).toEqual([...before, row]);
    });
  }

  add("D5 a checkpoint that does not follow the rows before it is refused", async (t) => {
    const held = await t.working();
    const gap = held.row(textDelta("checkpoint"), { seq: held.head + 3 });
    await t.refused(
      t.store.inbox.checkpoint(held.fence, T1, () => gap, held.texts("one")),
      "store_conflict",
    );
  });

  add("D8 D19 a checkpoint is of the open turn only", async (t) => {
    const held = await t.working();
    await t.accept("in_a", "s1", { delivery: "steer" });
    const checkpoint = () =>
      t.store.inbox.checkpoint(held.fence, turnId("turn_other"), () =>
        held.row(textDelta("x"), { turnId: turnId("turn_other") }),
      );
    await t.unchanged(["s1"], () => t.refused(checkpoint(), "store_conflict"));
    await held.end();
    await t.unchanged(["s1"], () =>
      t.refused(
        t.store.inbox.checkpoint(held.fence, T1, () => held.row(textDelta("x"), { turnId: T1 })),
        "store_conflict",
      ),
    );
  });
});
