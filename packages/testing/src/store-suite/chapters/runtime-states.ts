import { inputId, RUNTIME_TRANSITIONS, type RuntimeState, sessionId, turnIdOfInput } from "@pawl/core";
import { newAwaitEvent, newInput } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";
import { newInputState } from "./input-states.ts";

const S1 = sessionId("s1");

async function set(t: StoreTest, state: RuntimeState): Promise<void> {
  const { setRuntimeState } = t.capabilities;
  if (setRuntimeState) await setRuntimeState(t.store, S1, state);
}

export const runtimeStatesChapter = chapter("Runtime states", (add) => {
  for (const state of ["retired", "stopped", "destroyed"] as const) {
    add(`a ${state} session takes no inputs`, "setRuntimeState", async (t) => {
      await t.accept("in_1", "s1", { idempotencyKey: "k" });
      await set(t, state);
      await t.unchanged(["s1"], () =>
        t.refused(t.store.inbox.accept(newInput("in_2", "s1")), "session_not_accepting"),
      );
      // An answer that was lost is given again.
      const again = newInput("in_1", "s1", { idempotencyKey: "k" });
      t.expect((await t.store.inbox.accept(again)).duplicate).toBe(true);
      t.expect((await t.accept("in_3", "s2")).position).toBe(1);
    });
  }

  for (const state of ["stopped", "destroyed"] as const) {
    add(`a ${state} session is not driven`, "setRuntimeState", async (t) => {
      await t.accept("in_1");
      await set(t, state);
      t.expect(await t.claimedIds(await t.node())).toEqual([]);
      t.expect((await t.store.sessions.load(S1))?.runtimeState).toBe(state);
    });
  }

  add("a retired session drains what it has, and is retired again", "setRuntimeState", async (t) => {
    await t.accept("in_1");
    await t.accept("in_2");
    await set(t, "retired");
    const held = await t.hold(await t.node());
    for (const id of ["in_1", "in_2"]) {
      await held.begin([id]);
      t.expect((await t.store.sessions.load(S1))?.runtimeState).toBe("running");
      await held.end();
      t.expect((await t.store.sessions.load(S1))?.runtimeState).toBe("retired");
    }
  });

  add("a session that was retired while its turn ran stays so at the end", "setRuntimeState", async (t) => {
    const held = await t.working();
    await set(t, "retired");
    await held.end();
    t.expect((await t.store.sessions.load(S1))?.runtimeState).toBe("retired");
  });

  add("S1 S2 S3 a runtime state comes back as it was given", async (t) => {
    const { sessions } = t.store;
    t.expect(await sessions.loadRuntimeState(S1)).toBe(null);
    await sessions.persistRuntimeState(S1, "initializing");
    t.expect(await sessions.loadRuntimeState(S1)).toBe("initializing");
    await sessions.persistRuntimeState(S1, "idle");
    await sessions.persistRuntimeState(S1, "idle");
    t.expect(await sessions.loadRuntimeState(S1)).toBe("idle");
    t.expect((await sessions.load(S1))?.runtimeState).toBe("idle");
    t.expect(await sessions.loadRuntimeState(sessionId("s2"))).toBe(null);
    t.expect((await t.accept("in_1")).position).toBe(1);
  });

  for (const from of Object.keys(RUNTIME_TRANSITIONS) as RuntimeState[]) {
    add(`from ${from} a session goes where the table says, and nowhere else`, async (t) => {
      const { sessions } = t.store;
      for (const to of Object.keys(RUNTIME_TRANSITIONS) as RuntimeState[]) {
        const id = sessionId(`to-${to}`);
        await sessions.persistRuntimeState(id, from);
        if (to === from || RUNTIME_TRANSITIONS[from].includes(to)) {
          await sessions.persistRuntimeState(id, to);
          t.expect(await sessions.loadRuntimeState(id)).toBe(to);
        } else {
          await t.refused(
            sessions.persistRuntimeState(id, to),
            "runtime_transition_illegal",
            `${from} to ${to}`,
          );
          t.expect(await sessions.loadRuntimeState(id)).toBe(from);
        }
      }
    });
  }

  add("S11 S16 commitLifecycle stores state and inputs in one unit, or nothing", async (t) => {
    const { sessions, inbox } = t.store;
    await t.accept("in_1");
    const other = newInputState("in_2", "s1", { state: "queued" });
    await t.unchanged(["s1"], async () => {
      // The second of them cannot be: nothing of the first, nor of the state.
      const bad = newInputState("in_1", "s1", { state: "applied" });
      await t.refused(sessions.commitLifecycle(S1, "retired", [other, bad]), "input_transition_illegal");
      await t.refused(sessions.commitLifecycle(S1, "initializing", [other]), "runtime_transition_illegal");
      await t.refused(sessions.commitLifecycle(S1, "retired", [other, other]), "store_conflict");
      const stranger = newInputState("in_2", "s2");
      await t.refused(sessions.commitLifecycle(S1, "retired", [stranger]), "store_conflict");
    });
    const outcome = { type: "abandoned", reason: "reset" } as const;
    const given = newInputState("in_1", "s1", {
      state: "abandoned",
      outcome,
      turnId: turnIdOfInput(inputId("in_1")),
    });
    t.expect(await sessions.commitLifecycle(S1, "retired", [given])).toEqual({ abandoned: [] });
    t.expect(await sessions.loadRuntimeState(S1)).toBe("retired");
    const [entry] = await inbox.loadInputStates(S1);
    t.expect([entry?.state, entry?.outcome]).toEqual(["abandoned", outcome]);
    // The same again changes nothing.
    await t.unchanged(["s1"], () => sessions.commitLifecycle(S1, "retired", [given]));
  });

  add("a retired session takes nothing new while it drains, also while a turn of it runs", async (t) => {
    const { sessions, inbox } = t.store;
    await t.accept("in_1");
    await t.accept("in_2");
    await sessions.persistRuntimeState(S1, "retired");
    const held = await t.hold(await t.node());
    const refused = async () => {
      await t.refused(inbox.accept(newInput("in_9", "s1")), "session_not_accepting");
      await t.refused(inbox.accept(newInput("in_9", "s1", { delivery: "steer" })), "session_not_accepting");
      await t.refused(inbox.persistInputState(newInputState("in_9")), "session_not_accepting");
    };
    await refused();
    for (const id of ["in_1", "in_2"]) {
      await held.begin([id]);
      await refused();
      await held.end();
    }
    t.expect(await sessions.loadRuntimeState(S1)).toBe("retired");
    t.expect((await inbox.loadInputStates(S1)).map((i) => i.state)).toEqual(["consumed", "consumed"]);
  });

  for (const state of ["stopped", "destroyed"] as const) {
    add(`a session that is ${state} abandons everything that has not ended, and says so`, async (t) => {
      const { sessions, inbox } = t.store;
      const done = await t.working("s1", "in_0");
      await done.end();
      await done.idle();
      await t.accept("in_1");
      await t.accept("in_2", "s1", { delivery: "interrupt", at: Date.now() + 86_400_000 });
      const { abandoned } = await sessions.commitLifecycle(S1, state);
      t.expect([...abandoned].sort()).toEqual(["in_1", "in_2"]);
      const states = await inbox.loadInputStates(S1);
      t.expect(states.map((i) => i.state)).toEqual(["consumed", "abandoned", "abandoned"]);
      t.expect(states[1]?.outcome).toEqual({ type: "abandoned", reason: state });
      t.expect(states[1]?.history.map(({ to }) => to)).toEqual(["abandoned"]);
      await t.refused(inbox.accept(newInput("in_9", "s1")), "session_not_accepting");
      t.expect(await t.claim(await t.node("node-b"))).toEqual([]);
      t.expect((await sessions.transcript(S1)).length).toBe(2);
      t.expect(await sessions.commitLifecycle(S1, state)).toEqual({ abandoned: [] });
    });

    add(
      `D1 a turn that runs while its session is ${state} is cut off, and its holder writes nothing more`,
      async (t) => {
        const { sessions, inbox, awaits } = t.store;
        const held = await t.working();
        const turn = held.turn!;
        await awaits.register(newAwaitEvent("k1", "s1"));
        const { abandoned } = await sessions.commitLifecycle(S1, state);
        t.expect(abandoned).toEqual(["in_s1"]);
        // Its holder looks for a cancel request before it writes.
        t.expect((await sessions.pendingCancel(turn))?.reason).toBe(state);
        await t.unchanged(["s1"], async () => {
          await t.refused(t.store.log.append(held.fence, held.texts("late")), "store_fenced");
          await t.refused(held.commit(), "store_fenced");
          await t.refused(held.idle(), "store_fenced");
        });
        t.expect((await sessions.load(S1))?.openTurn).toBe(null);
        t.expect((await awaits.load("k1"))?.terminal).toEqual({ status: "cancelled" });
        t.expect((await inbox.loadInputState(inputId("in_s1")))?.state).toBe("abandoned");
        t.expect(await t.claim(await t.node("node-b"))).toEqual([]);
      },
    );

    add(`D18 a turn whose session is ${state} takes the agents that work for it along`, async (t) => {
      const { sessions, awaits } = t.store;
      const held = await t.working();
      const going = await t.working("agent_1");
      await going.retry(0);
      await t.accept("in_agent_2", "agent_2");
      const ended = await t.working("agent_3");
      const done = ended.turn!;
      await ended.end();
      const later = turnIdOfInput(inputId("in_agent_2"));
      const agents = { agent_1: going.turn!, agent_2: later, agent_3: done };
      for (const [session, turn] of Object.entries(agents)) {
        const wait = { type: "child_turn", sessionId: session, turnId: turn } as const;
        await awaits.register(newAwaitEvent(`k_${session}`, "s1", { wait, turnId: held.turn! }));
      }
      await sessions.commitLifecycle(S1, state);
      for (const turn of [going.turn!, later]) {
        const { origin, reason } = (await sessions.pendingCancel(turn)) ?? {};
        t.expect([origin, reason]).toEqual(["parent", `The session that it works for is ${state}.`]);
      }
      t.expect(await sessions.pendingCancel(done)).toBe(null);
      t.expect((await awaits.load("k_agent_1"))?.terminal).toEqual({ status: "cancelled" });
      // Somebody has to come and end them.
      const node = await t.node("node-b");
      t.expect((await t.claim(node, "agent_1")).length).toBe(1);
      t.expect((await t.claim(node, "agent_2")).length).toBe(1);
    });
  }
});
