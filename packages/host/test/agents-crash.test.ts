// A crash before each write and after each, in a turn that hands work to agents: D13, D18, D22; promises 1, 2 and 6.
import {
  agent,
  callId,
  canonicalJson,
  type Json,
  type Message,
  type ModelResult,
  NO_USAGE,
  tool,
} from "@pawl/core";
import type { Clock, Model, Store } from "@pawl/core/ports";
import { createHost, type Host } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { type DeathPoint, dyingStore, type ManualClock, manualClock } from "@pawl/testing";
import { describe, expect, it } from "vitest";
import { z } from "zod";

interface World {
  /** Idempotency keys with which money was moved. */
  readonly paid: Set<string>;
}

const call = (id: string, name: string, input: Json) =>
  ({ type: "tool_call", callId: callId(id), name, input }) as const;

/** Works out where it is from the messages, as every model does: it may be asked again after a crash. */
function modelOf(name: string): Model {
  const answer = (...parts: Extract<ModelResult, { ok: true }>["answer"]["parts"]): ModelResult => ({
    ok: true,
    answer: {
      parts,
      terminalReason: "stop",
      usage: { ...NO_USAGE, modelCalls: 1, inputTokens: 10 },
      model: name,
    },
  });
  return {
    id: name,
    async call({ messages }) {
      const results = messages.filter(({ role }) => role === "tool").length;
      if (name === "boss") {
        if (results === 0) {
          return answer(call("a", "ask_payer", { task: "a" }), call("b", "ask_payer", { task: "b" }));
        }
        return answer({ type: "text", text: "both paid" });
      }
      if (results === 0) return answer(call("p", "pay", { for: textOf(messages[0]) }));
      return answer({ type: "text", text: `paid ${textOf(messages[0])}` });
    },
  };
}

function textOf(message: Message | undefined): string {
  const part = message?.parts[0];
  return part?.type === "text" ? part.text : "";
}

function hostOf(store: Store<never>, clock: Clock, world: World): Host {
  const pay = tool({
    description: "Pays",
    input: z.object({ for: z.string() }),
    onCrash: "retry",
    execute: (_input, { idempotencyKey }) => {
      world.paid.add(idempotencyKey);
      return "paid";
    },
  });
  const payer = agent({ name: "payer", model: "payer" });
  const boss = agent({ name: "boss", model: "boss", delegates: [payer], limits: { maxTokens: 10_000 } });
  return createHost({
    store,
    clock,
    model: (name = "boss") => modelOf(name),
    agents: [boss],
    tools: { pay },
    // Names of sessions and turns must not depend on who was here before.
    newId: () => `id${Math.trunc(clock.now())}${counter++}`,
  });
}
let counter = 0;

async function until<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let settled = false;
  promise.then(
    () => (settled = true),
    () => (settled = true),
  );
  for (let i = 0; i < 4_000 && !settled; i++) {
    if (!(await clock.next())) await clock.advance(1_000);
  }
  if (!settled) throw new Error("It is still not over after 4,000 timers of the manual clock.");
  return promise;
}

async function scenario(point?: DeathPoint, cancelled = false) {
  const clock = manualClock();
  const store = memoryStore({ clock });
  const world: World = { paid: new Set() };
  const quiet = hostOf(store, clock, world);
  quiet.pause();
  const turn = await quiet.session("s1").send("pay both", { idempotencyKey: "k1" });
  await until(clock, quiet.stop({ drainMs: 10 }));

  const doomed = dyingStore(store, point, { all: true });
  const first = hostOf(doomed.store, clock, world);
  await first.start().catch(() => {});
  if (cancelled) {
    // In the midst of the agents' work, by somebody else.
    const atWork = async () => {
      while (doomed.writes.filter((name) => name === "inbox.accept").length < 2 && !isDead)
        await Promise.resolve();
    };
    let isDead = false;
    void doomed.died.then(() => (isDead = true));
    await until(clock, Promise.race([atWork(), doomed.died]));
    await store.sessions.requestCancel(turn.id, { requestId: "r1", origin: "test" });
  }
  if (point) await until(clock, doomed.died);
  const last = point ? hostOf(store, clock, world) : first;
  await last.start();
  const result = await until(clock, last.turn(turn.id).result());
  const ids = (await last.sessions()).map(({ sessionId }) => sessionId).sort();
  const sessions = [];
  let carvedTokens = 0;
  for (const id of ids) {
    for (const { turnId } of await last.session(id).turns()) {
      await until(clock, last.turn(turnId).result());
    }
    const inputs = await last.session(id).inputs();
    const results = await Promise.all(
      inputs.flatMap(({ turnId }) => (turnId === null ? [] : [last.turn(turnId).result()])),
    );
    for (const { content } of inputs) {
      const asked = content.environment as { limits?: { maxTokens?: number } } | undefined;
      carvedTokens += asked?.limits?.maxTokens ?? 0;
    }
    sessions.push({
      id,
      inputs: inputs.map(({ inputId, state, content }) => ({ inputId, state, parts: content.parts })),
      transcript: await last.session(id).transcript(),
      statuses: results.map(({ status }) => status),
    });
  }
  const left = (await store.awaits.pending({ limit: 100 })).length;
  await until(clock, last.stop({ drainMs: 10 }));
  return { result, sessions, world, writes: doomed.writes, left, carvedTokens };
}

function pointsOf(writes: readonly string[]): readonly (DeathPoint & { readonly name: string })[] {
  return writes.flatMap((name, index) =>
    (["before", "after"] as const).map((when) => ({ write: index + 1, when, name })),
  );
}

describe("a crash in a turn that hands work to two agents", async () => {
  const calm = await scenario();

  it("is measured against an undisturbed run", () => {
    expect(calm.result).toMatchObject({ status: "completed", text: "both paid", usage: { modelCalls: 6 } });
    expect(calm.sessions).toHaveLength(3);
    expect(calm.world.paid.size).toBe(2);
    expect(calm.left).toBe(0);
    for (const write of ["inbox.accept", "awaits.register", "sessions.commit"]) {
      expect(calm.writes).toContain(write);
    }
  });

  it.each(pointsOf(calm.writes))("$when write $write ($name) makes no second child", async (point) => {
    const run = await scenario(point);
    expect(run.result).toMatchObject({ status: "completed", text: "both paid", usage: { modelCalls: 6 } });
    expect(canonicalJson(run.sessions as unknown as Json)).toBe(
      canonicalJson(calm.sessions as unknown as Json),
    );
    expect([...run.world.paid].sort()).toEqual([...calm.world.paid].sort());
    expect(run.left).toBe(0);
    // Of 10,000 tokens the first answer took 10: never more than the rest was given away at once.
    expect(run.carvedTokens).toBe(4_995 + 2_497);
  });

  it.each(pointsOf(calm.writes).filter(({ when }) => when === "after"))(
    "$when write $write ($name) and a cancel: nobody goes on working",
    async (point) => {
      const run = await scenario(point, true);
      // Agents that ended before the cancel came stay completed; the others are cancelled, and none is left behind.
      expect(["cancelled", "completed"]).toContain(run.result.status);
      for (const session of run.sessions.filter(({ id }) => id.startsWith("sub_"))) {
        expect(session.inputs.map(({ state }) => state)).toEqual(["consumed"]);
        expect(session.statuses.every((status) => status === "cancelled" || status === "completed")).toBe(
          true,
        );
      }
      expect(run.left).toBe(0);
    },
  );
});
