import { sessionId } from "@pawl/core";
import { chapter } from "../store-case.ts";

export const hintsChapter = chapter("Hints", (add) => {
  add("D10 an input hints that there is work, and names at most its session", async (t) => {
    const heard: (string | undefined)[] = [];
    const stop = t.store.leases.onWork((session) => heard.push(session));
    let sent = 0;
    // A single hint may be lost; a store that never hints leaves everything to the poll.
    await t.until("a hint comes", async () => {
      if (heard.length > 0) return true;
      sent += 1;
      await t.accept(`in_${sent}`);
      return undefined;
    });
    stop();
    t.expect(heard.filter((session) => session !== undefined && session !== "s1")).toEqual([]);
  });

  add("D10 an append hints at its own session's log", async (t) => {
    const held = await t.working();
    const other = await t.working("s2");
    let mine = 0;
    const stop = t.store.log.onAppend(sessionId("s1"), () => mine++);
    await other.append("not mine");
    await t.until("a hint comes", async () => {
      if (mine > 0) return true;
      await held.append("mine");
      return undefined;
    });
    stop();
    t.expect(mine > 0).toBe(true);
  });

  add("a listener that was taken back hears nothing more, and the others still do", async (t) => {
    const held = await t.working();
    let gone = 0;
    let still = 0;
    const stopWork = t.store.leases.onWork(() => gone++);
    const stopLog = t.store.log.onAppend(sessionId("s1"), () => gone++);
    stopWork();
    stopLog();
    stopLog();
    t.store.leases.onWork(() => still++);
    t.store.log.onAppend(sessionId("s1"), () => still++);
    let sent = 0;
    await t.until("both others heard", async () => {
      if (still >= 2) return true;
      sent += 1;
      await t.accept(`in_more_${sent}`);
      await held.append("more");
      return undefined;
    });
    t.expect(gone).toBe(0);
  });

  add("a listener may use the store, and finds there what the hint is about", async (t) => {
    const found = Promise.withResolvers<number>();
    t.store.leases.onWork(() => {
      t.store.inbox.list(sessionId("s1")).then((inputs) => {
        if (inputs.length > 0) found.resolve(inputs.length);
      }, found.reject);
    });
    let sent = 0;
    let seen = 0;
    void found.promise.then((count) => {
      seen = count;
    });
    await t.until("the listener has found the input", async () => {
      if (seen > 0) return true;
      sent += 1;
      await t.accept(`in_${sent}`);
      return undefined;
    });
    t.expect(seen > 0).toBe(true);
  });
});
