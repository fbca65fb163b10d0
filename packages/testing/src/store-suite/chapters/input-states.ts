import { inputId, inputPolicy, type NewInputState, sessionId } from "@pawl/core";
import { newInput } from "../fixtures.ts";
import { chapter } from "../store-case.ts";

const S1 = sessionId("s1");
const I1 = inputId("in_1");

/** As `InputState::new_accepted` of the seed: known, and in no queue yet. */
export function newInputState(id: string, session = "s1", more: Partial<NewInputState> = {}): NewInputState {
  const { content } = newInput(id, session);
  return {
    inputId: inputId(id),
    sessionId: sessionId(session),
    state: "accepted",
    delivery: "next",
    policy: inputPolicy("next"),
    outcome: null,
    durability: "durable",
    idempotencyKey: null,
    attempts: 0,
    recoveries: 0,
    history: [],
    source: null,
    payload: content,
    turnId: null,
    lastRunId: null,
    lastBoundarySequence: null,
    ...more,
  };
}

/** Every field with something in it. */
const FULL = newInputState("in_1", "s1", {
  state: "abandoned",
  delivery: "interrupt",
  policy: { ...inputPolicy("interrupt", "coalesce"), recordTranscript: false },
  outcome: { type: "abandoned", reason: "attempts_exhausted", attempts: 3 },
  durability: "ephemeral",
  idempotencyKey: "k «ünïcödé»",
  attempts: 3,
  recoveries: 2,
  history: [
    { at: 1_000, from: "accepted", to: "queued" },
    { at: 2_000, from: "queued", to: "abandoned", reason: "poisoned 🐢" },
  ],
  source: { type: "projection", rule: "r1", event: "e1" },
  payload: { parts: [{ type: "text", text: "«ünïcödé» 🐢" }], environment: { deep: [1, null] } },
  turnId: "turn_1" as never,
  lastRunId: "turn_1" as never,
  lastBoundarySequence: 4,
});

export const inputStatesChapter = chapter("Input states", (add) => {
  add("S1 S2 every field of an input state comes back as it was given", async (t) => {
    const { inbox } = t.store;
    t.expect(await inbox.loadInputState(I1)).toBe(null);
    t.expect(await inbox.loadInputStates(S1)).toEqual([]);
    const kept = await inbox.persistInputState(FULL);
    const { createdAt, updatedAt, ...rest } = kept;
    t.expect(rest).toEqual({ ...FULL, position: 1 });
    t.expect(updatedAt >= createdAt && createdAt > 0).toBe(true);
    t.expect(await inbox.loadInputState(I1)).toEqual(kept);
    t.expect(await inbox.loadInputStates(S1)).toEqual([kept]);
    // The record that turns are driven from is the same input.
    t.expect((await inbox.load(I1))?.content).toEqual(FULL.payload);
  });

  add("S3 S5 an upsert keeps its place, and the store keeps up what is left as it was", async (t) => {
    const { inbox } = t.store;
    for (const id of ["in_1", "in_2", "in_3"]) await inbox.persistInputState(newInputState(id));
    const first = await inbox.loadInputState(I1);
    t.expect([first?.state, first?.history]).toEqual(["accepted", []]);
    const queued = await inbox.persistInputState(newInputState("in_1", "s1", { state: "queued" }));
    t.expect(queued.position).toBe(1);
    t.expect(queued.history.map(({ from, to }) => [from, to])).toEqual([["accepted", "queued"]]);
    t.expect((await inbox.loadInputStates(S1)).map((i) => i.inputId)).toEqual(["in_1", "in_2", "in_3"]);
    t.expect((await t.accept("in_4")).position).toBe(4);
    // From here on it is an input like any other.
    const held = await t.hold(await t.node());
    t.expect((await inbox.next(held.fence))?.inputId).toBe("in_1");
    // What a caller brings itself is kept as it is.
    const history = [{ at: 5, from: "accepted", to: "queued", reason: "mine" } as const];
    const own = await inbox.persistInputState(
      newInputState("in_2", "s1", { state: "queued", history, attempts: 7, recoveries: 6 }),
    );
    t.expect([own.history, own.attempts, own.recoveries]).toEqual([history, 7, 6]);
  });

  add("what a turn does to its inputs is in their history, with run, boundary and counts", async (t) => {
    const { inbox } = t.store;
    const held = await t.working();
    await t.accept("in_steer", "s1", { delivery: "steer" });
    await inbox.checkpoint(held.fence, held.turn!, (inputs) =>
      held.row({
        kind: "machine_input",
        input: {
          type: "effect_settled",
          now: 1,
          effectId: "e" as never,
          outcome: {
            kind: "checkpoint",
            inputs: inputs.map(({ inputId, content }) => ({ inputId, parts: content.parts })),
          },
        },
      }),
    );
    held.head += 1;
    // The steering input is not named, so it goes back to the queue.
    const receipt = await held.end();
    const [began, steered] = await inbox.loadInputStates(S1);
    const moves = (entry: typeof began) => entry?.history.map(({ from, to }) => `${from} ${to}`);
    t.expect(moves(began)).toEqual(["queued staged", "staged consumed"]);
    t.expect([began?.state, began?.outcome]).toEqual(["consumed", { type: "consumed" }]);
    t.expect([began?.attempts, began?.recoveries]).toEqual([1, 0]);
    t.expect([began?.lastRunId, began?.lastBoundarySequence]).toEqual([receipt.runId, receipt.sequence]);
    t.expect(began?.policy).toEqual(inputPolicy("next"));
    t.expect(moves(steered)).toEqual(["queued staged", "staged queued"]);
    t.expect([steered?.attempts, steered?.recoveries, steered?.outcome]).toEqual([1, 1, null]);
    t.expect(steered?.policy).toEqual(inputPolicy("steer"));
    const times = began?.history.map(({ at }) => at) ?? [];
    t.expect(times.every((at) => at >= (began?.createdAt ?? 0) && at <= (began?.updatedAt ?? 0))).toBe(true);
  });

  add("S14 what has ended takes no more writes, and the same again is no write", async (t) => {
    const { inbox } = t.store;
    const kept = await inbox.persistInputState(FULL);
    t.expect(await inbox.persistInputState(FULL)).toEqual(kept);
    await t.unchanged(["s1"], async () => {
      await t.refused(inbox.persistInputState({ ...FULL, attempts: 4 }), "store_conflict");
      await t.refused(
        inbox.persistInputState(newInputState("in_1", "s1", { state: "queued" })),
        "store_conflict",
      );
    });
    const consumed = await t.working("s2");
    await consumed.end();
    await t.refused(
      inbox.persistInputState(newInputState("in_s2", "s2", { state: "queued" })),
      "store_conflict",
    );
  });

  add("moves that the table does not know, and ends that say nothing, are refused", async (t) => {
    const { inbox } = t.store;
    await inbox.persistInputState(newInputState("in_1", "s1", { state: "queued" }));
    await t.unchanged(["s1", "s2"], async () => {
      await t.refused(inbox.persistInputState(newInputState("in_1")), "input_transition_illegal");
      const ends = { outcome: { type: "consumed" } } as const;
      await t.refused(
        inbox.persistInputState(newInputState("in_2", "s1", { state: "consumed" })),
        "store_conflict",
      );
      await t.refused(inbox.persistInputState(newInputState("in_2", "s1", ends)), "store_conflict");
      const other = { ...ends, state: "superseded" } as const;
      await t.refused(inbox.persistInputState(newInputState("in_2", "s1", other)), "store_conflict");
      // Ids are of one session, keys of one input.
      await t.refused(
        inbox.persistInputState(newInputState("in_1", "s2", { state: "queued" })),
        "store_conflict",
      );
    });
    await t.accept("in_3", "s1", { idempotencyKey: "k" });
    await t.refused(
      inbox.persistInputState(newInputState("in_4", "s1", { idempotencyKey: "k" })),
      "store_conflict",
    );
  });

  add("D4 S15 what a run has is changed by the holder of its session alone", async (t) => {
    const { inbox } = t.store;
    const held = await t.working();
    const given = { turnId: held.turn, attempts: 1 } as const;
    const applied = newInputState("in_s1", "s1", { ...given, state: "applied" });
    await t.refused(inbox.persistInputState(applied), "store_conflict");
    const kept = await inbox.persistInputState(applied, { fence: held.fence });
    t.expect(kept.state).toBe("applied");
    const pending = newInputState("in_s1", "s1", { ...given, state: "applied_pending_consumption" });
    t.expect((await inbox.persistInputState(pending, { fence: held.fence })).state).toBe(pending.state);
    const back = newInputState("in_s1", "s1", { ...given, state: "queued" });
    await t.refused(inbox.persistInputState(back, { fence: held.fence }), "input_transition_illegal");
    await t.node("node-of-s1");
    const late = newInputState("in_s1", "s1", { ...given, state: "consumed", outcome: { type: "consumed" } });
    await t.refused(inbox.persistInputState(late, { fence: held.fence }), "store_fenced");
  });

  add("S10 what cannot be stored is refused, and nothing of it is written", async (t) => {
    const { inbox } = t.store;
    for (const bad of ["\u0000", "\ud800"]) {
      const payload = { parts: [{ type: "text", text: bad }] } as const;
      await t.refused(inbox.persistInputState(newInputState("in_1", "s1", { payload })), "not_storable");
      await t.refused(
        inbox.persistInputState(newInputState("in_1", "s1", { idempotencyKey: bad })),
        "not_storable",
      );
    }
    t.expect(await inbox.loadInputStates(S1)).toEqual([]);
    t.expect(await t.store.sessions.load(S1)).toBe(null);
  });

  add("an input that supersedes takes the place of those that still wait under its key", async (t) => {
    const { inbox } = t.store;
    const queue = { mode: "supersede", key: "status" } as const;
    await t.accept("in_1", "s1", { queue });
    await t.accept("in_2", "s1", { queue: { mode: "supersede", key: "other" } });
    await t.accept("in_3");
    await t.accept("in_4", "s1", { queue, delivery: "steer" });
    await t.accept("in_5", "s2", { queue });
    const last = await t.accept("in_6", "s1", { queue });
    t.expect([last.position, last.content]).toEqual([5, newInput("in_6", "s1").content]);
    const states = await inbox.loadInputStates(S1);
    t.expect(states.map((i) => i.state)).toEqual(["superseded", "queued", "queued", "queued", "queued"]);
    t.expect(states[0]?.outcome).toEqual({ type: "superseded", by: "in_6" });
    t.expect(states[4]?.policy).toEqual(inputPolicy("next", "supersede"));
    t.expect((await inbox.loadInputState(inputId("in_5")))?.state).toBe("queued");
    const held = await t.hold(await t.node());
    t.expect((await inbox.next(held.fence))?.inputId).toBe("in_2");
  });

  add("an input that coalesces brings the parts of those that still wait under its key", async (t) => {
    const { inbox } = t.store;
    const text = (id: string) => ({ parts: [{ type: "text", text: id } as const] });
    const queue = { mode: "coalesce", key: "chat" } as const;
    await t.accept("in_1", "s1", { queue, content: text("a") });
    await t.accept("in_2", "s1", { queue, content: text("b") });
    const three = newInput("in_3", "s1", { queue, content: text("c"), idempotencyKey: "k" });
    const { input, duplicate } = await inbox.accept(three);
    t.expect(duplicate).toBe(false);
    t.expect(input.content.parts).toEqual([...text("a").parts, ...text("b").parts, ...text("c").parts]);
    const states = await inbox.loadInputStates(S1);
    t.expect(states.map((i) => [i.state, i.outcome])).toEqual([
      ["coalesced", { type: "coalesced", into: "in_2" }],
      ["coalesced", { type: "coalesced", into: "in_3" }],
      ["queued", null],
    ]);
    t.expect(states[2]?.source).toEqual({ type: "coalescing", inputs: ["in_2"] });
    // S13: the key is of what was handed in, not of what it was joined with.
    t.expect(await inbox.accept({ ...three, inputId: inputId("in_9") })).toEqual({ input, duplicate: true });
    // What a run has taken waits no more.
    const held = await t.hold(await t.node());
    await held.begin(["in_3"]);
    const four = await t.accept("in_4", "s1", { queue, content: text("d") });
    t.expect(four.content).toEqual(text("d"));
    // The chain of receipts is over what the turn was given.
    await held.end();
    t.expect((await inbox.loadInputState(inputId("in_3")))?.state).toBe("consumed");
  });

  add("S17 racing inputs of one key leave one in the queue, and no word is lost", async (t) => {
    const second = await t.second();
    const names = ["a", "b", "c", "d", "e", "f"];
    await Promise.all(
      names.map((name, i) =>
        (i % 2 ? second : t.store).inbox.accept(
          newInput(`in_${name}`, "s1", {
            queue: { mode: "coalesce", key: "chat" },
            content: { parts: [{ type: "text", text: name }] },
          }),
        ),
      ),
    );
    const states = await t.store.inbox.loadInputStates(S1);
    const queued = states.filter((i) => i.state === "queued");
    t.expect(queued.length).toBe(1);
    const said = queued[0]?.payload.parts.map((part) => (part.type === "text" ? part.text : ""));
    t.expect([...(said ?? [])].sort()).toEqual(names);
    t.expect(states.map((i) => i.position)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  add("a superseding input works within the caller's transaction too", "transaction", async (t) => {
    const { transaction } = t.capabilities;
    if (!transaction) throw new Error("A case that needs transactions must say so.");
    const queue = { mode: "supersede", key: "status" } as const;
    await t.accept("in_1", "s1", { queue });
    await transaction(t.store, async (tx) => {
      await t.store.inbox.accept(newInput("in_2", "s1", { queue }), { tx });
      t.expect((await t.store.inbox.loadInputState(I1))?.state).toBe("queued");
    });
    const states = await t.store.inbox.loadInputStates(S1);
    t.expect(states.map((i) => i.state)).toEqual(["superseded", "queued"]);
  });
});
