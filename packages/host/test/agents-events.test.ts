// What is seen of agents that work for others: D22.
import type { TurnEvent } from "@pawl/core";
import type { Host, TurnResult } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { describe, expect, it } from "vitest";
import { ask, bossOf, models, scout } from "./delegating-agents.ts";
import { testHost } from "./test-host.ts";

describe("events of a turn and of the agents that work for it", () => {
  function scene() {
    const { find } = models({
      boss: [{ tools: [ask("a").tools[0]!, ask("b").tools[0]!] }, ask("c"), "done"],
      scout: ["one", "two", "three"],
    });
    return testHost({ store: memoryStore(), model: find, agents: [bossOf(scout)] });
  }

  async function all(host: Host, id: string, after?: string): Promise<readonly TurnEvent[]> {
    const events: TurnEvent[] = [];
    for await (const event of host.turn(id).events(after === undefined ? {} : { after })) events.push(event);
    return events;
  }

  it("D22 come in one order, with their path; an agent's end comes before its answer is taken up", async () => {
    const host = scene();
    const { id } = await host.session("s1").send("go");
    const live = all(host, id);
    const result: TurnResult = await host.turn(id).result();
    expect(result.status).toBe("completed");
    for (const events of [await live, await all(host, id)]) {
      expect(new Set(events.map((e) => e.id)).size).toBe(events.length);
      expect(events.at(-1)).toMatchObject({ type: "turn.committed", turnId: id });
      expect(
        events.filter((e) => e.type === "turn.committed" && e.path?.[0]?.agent === "scout"),
      ).toHaveLength(3);
      const ends = events.flatMap((e, at) => (e.type === "turn.committed" && e.path ? [at] : []));
      const taken = events.flatMap((e, at) => (e.type === "wait.settled" ? [at] : []));
      expect(taken.length).toBe(3);
      expect(ends[2]).toBeLessThan(taken[2]!);
    }
  });

  it("whoever goes on after any of them misses nothing and meets nothing twice", async () => {
    const host = scene();
    const { id } = await host.session("s1").send("go");
    await host.turn(id).result();
    const key = (e: TurnEvent) => `${e.turnId} ${e.seq} ${e.type} ${e.type === "turn.committed"}`;
    const whole = await all(host, id);
    for (const [at, event] of whole.entries()) {
      if (at === whole.length - 1) break;
      const rest = await all(host, id, event.id);
      const expected = whole.slice(at + 1).map(key);
      expect(rest.map(key).sort(), `after ${event.id}`).toEqual(expected.sort());
    }
    await expect(all(host, id, "12.0[oops")).rejects.toMatchObject({ code: "invalid_event_id" });
  });
});
