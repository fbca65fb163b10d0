import { type RuntimeState, sessionId } from "@pawl/core";
import { newInput } from "../fixtures.ts";
import { chapter } from "../store-case.ts";
import type { StoreTest } from "../store-test.ts";

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
});
