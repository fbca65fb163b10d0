import { manualClock } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { Looks } from "../../src/processes/looks.ts";

function looking() {
  const clock = manualClock();
  const stop = new AbortController();
  const looks = new Looks(clock, stop.signal);
  const gates: PromiseWithResolvers<number>[] = [];
  const over = looks.forever(() => {
    const gate = Promise.withResolvers<number>();
    gates.push(gate);
    return gate.promise;
  });
  return { clock, stop, looks, gates, over };
}

describe("looks", () => {
  it("come after the time that the last one told, or when somebody rings, also during one", async () => {
    const { clock, stop, looks, gates, over } = looking();
    gates[0]?.resolve(1_000);
    await clock.advance(999);
    expect(gates).toHaveLength(1);
    await clock.advance(1);
    expect(gates).toHaveLength(2);
    looks.ring();
    gates[1]?.resolve(1_000);
    await clock.advance(0);
    expect(gates).toHaveLength(3);
    stop.abort();
    gates[2]?.resolve(1_000);
    await over;
  });

  it("asked for once more are waited for until one has ended that began after that", async () => {
    const { clock, stop, looks, gates, over } = looking();
    let ended = false;
    const once = looks.onceMore().then(() => {
      ended = true;
    });
    // What was under way may have missed what the caller knows of.
    gates[0]?.resolve(1_000);
    await clock.advance(0);
    expect(gates).toHaveLength(2);
    expect(ended).toBe(false);
    gates[1]?.resolve(1_000);
    await once;
    stop.abort();
    await over;
  });

  it("that come no more keep nobody waiting, also when the last one does not end", async () => {
    const { stop, looks } = looking();
    const once = looks.onceMore();
    stop.abort();
    await once;
  });
});
