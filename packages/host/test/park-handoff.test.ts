// D15, D16: an answer may come at any moment of a turn that begins to wait, waits hot, is being parked, or is parked. None is lost.
import { isControlWait, type Json, tool } from "@pawl/core";
import type { Store } from "@pawl/core/ports";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { type ManualClock, manualClock, scriptedModel } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";

const PORTS = ["sessions", "log", "inbox", "leases", "awaits"] as const;
type Moment = (name: string, when: "before" | "after") => Promise<void>;

/** A store that stops at each of its operations and lets somebody else do something there. */
function interrupted(inner: Store, moment: Moment): Store {
  const ports = PORTS.map((port) => {
    const verbs = inner[port] as unknown as Record<string, (...args: unknown[]) => unknown>;
    const wrapped = Object.entries(verbs).map(([verb, call]) => {
      if (verb.startsWith("on")) return [verb, call];
      return [
        verb,
        async (...args: unknown[]) => {
          await moment(`${port}.${verb}`, "before");
          const result = await call(...args);
          await moment(`${port}.${verb}`, "after");
          return result;
        },
      ];
    });
    return [port, Object.fromEntries(wrapped)];
  });
  return { ...inner, ...Object.fromEntries(ports) };
}

/** Runs a turn that waits for one answer, which comes at the `at`-th moment after it can be given. @returns how many moments there were */
async function run(at: number, hints: boolean): Promise<{ readonly moments: number; readonly name: string }> {
  const clock: ManualClock = manualClock();
  const store = memoryStore({ clock });
  const quiet: Store = hints
    ? store
    : {
        ...store,
        awaits: { ...store.awaits, onResolved: () => () => {} },
        leases: { ...store.leases, onWork: () => () => {} },
      };
  let moments = 0;
  let name = "never";
  let answering = false;
  const later = interrupted(quiet, async (verb, when) => {
    if (answering) return;
    const wait = (await store.awaits.pending({ limit: 10 })).find((one) => !isControlWait(one.wait));
    if (wait === undefined) return;
    moments += 1;
    if (moments !== at) return;
    answering = true;
    name = `${when} ${verb}`;
    const answer: Json = { decision: "approve" };
    const by = { name: "ana", via: "host" } as const;
    await store.awaits.resolve(wait.keyId, { status: "ok", payload: answer }, by);
  });
  const performed: number[] = [];
  const refund = tool({
    description: "Refunds",
    input: z.object({}),
    execute: () => performed.push(1),
  });
  const host = createHost({
    store: later,
    clock,
    model: scriptedModel([{ tools: [{ name: "refund" }] }, "done"]),
    tools: { refund },
    approvals: { refund: () => true },
  });
  const turn = await host.session("s1").send("go");
  const ended = async () => (await store.sessions.loadCommitted(turn.id)) !== null;
  // Long enough for the hot wait, the park, and a recovery poll or two; and as long again once it was answered.
  for (let ms = 0; ms < 3_000 && !answering; ms += 50) await clock.advance(50);
  if (answering) {
    for (let ms = 0; ms < 3_000 && !(await ended()); ms += 50) await clock.advance(50);
    expect(await ended(), `answered ${name} (moment ${at})`).toBe(true);
    expect(performed, name).toEqual([1]);
  }
  const stopping = host.stop({ drainMs: 50 });
  let over = false;
  void stopping.finally(() => {
    over = true;
  });
  while (!over) await clock.advance(50);
  return { moments, name };
}

describe.each([
  ["with hints", true],
  ["with no hint ever", false],
])("an answer at every moment of a wait, %s", (_, hints) => {
  it("lets the turn go on, once", { timeout: 60_000 }, async () => {
    const { moments: total } = await run(Number.POSITIVE_INFINITY, hints);
    expect(total).toBeGreaterThan(20);
    const hit = new Set<string>();
    // Of what recurs for ever (polls, renewals) the first hundred will do.
    for (let at = 1; at <= Math.min(total, 100); at++) hit.add((await run(at, hints)).name);
    // The hand-off itself was among them, on both sides.
    expect([...hit]).toEqual(expect.arrayContaining(["before leases.release", "after leases.release"]));
    const looks = ["after awaits.register", "before awaits.load", "after awaits.load"];
    expect([...hit]).toEqual(expect.arrayContaining(looks));
  });
});
