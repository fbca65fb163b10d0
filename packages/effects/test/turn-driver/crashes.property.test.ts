import { callId, canonicalJson, type ModelResult, NO_USAGE, tool } from "@pawl/core";
import type { Model } from "@pawl/core/ports";
import { type DeathPoint, dyingStore } from "@pawl/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  type DrivenOptions,
  type DrivenSession,
  drivenSession,
  SESSION,
  TURN,
} from "../support/driven-session.ts";

/** What a tool does when it is called; in the world outside, which survives every crash of ours. */
type Behaviour = "ok" | "fails" | "slow" | "steps";

interface Script {
  /** For each answer of the model the tools that it calls; after the last it says something. */
  readonly answers: readonly (readonly Behaviour[])[];
  readonly streams: boolean;
  readonly inputs: number;
}

const script: fc.Arbitrary<Script> = fc.record({
  answers: fc.array(
    fc.array(fc.constantFrom<Behaviour>("ok", "fails", "slow", "steps"), { minLength: 1, maxLength: 3 }),
    { maxLength: 3 },
  ),
  streams: fc.boolean(),
  inputs: fc.integer({ min: 1, max: 2 }),
});

const deaths: fc.Arbitrary<readonly DeathPoint[]> = fc.array(
  fc.record({
    write: fc.integer({ min: 1, max: 25 }),
    when: fc.constantFrom("before" as const, "after" as const),
  }),
  { maxLength: 4 },
);

/** How often the outside world was changed, by idempotency key. */
type World = Map<string, number>;

/** A model that reads from the request where it is, as every model does: it may be asked again after a crash. */
function modelOf({ answers, streams }: Script): Model {
  return {
    id: "scripted",
    async call({ messages, toolChoice }, { onText }): Promise<ModelResult> {
      const lastUser = messages.findLastIndex(({ role }) => role === "user");
      const done = messages.slice(lastUser).filter(({ role }) => role === "tool").length;
      const next = toolChoice === "none" ? undefined : answers[done];
      if (streams) onText("thinking 😀");
      const parts = next?.map((name, n) => ({
        type: "tool_call" as const,
        callId: callId(`${lastUser}-${done}-${n}`),
        name,
        input: { n },
      })) ?? [{ type: "text" as const, text: `after ${done}` }];
      return {
        ok: true,
        answer: { parts, terminalReason: "stop", usage: { ...NO_USAGE, modelCalls: 1 }, model: "scripted" },
      };
    },
  };
}

function sessionOf(of: Script, world: World, given: Partial<DrivenOptions>): DrivenSession {
  const input = z.object({ n: z.number() });
  const change = (key: string) => world.set(key, (world.get(key) ?? 0) + 1);
  const happened = (key: string, output: object) =>
    world.has(key) ? { happened: true as const, output } : { happened: false as const };
  const once = (name: string, execute: (key: string, n: number) => object | Promise<object>) =>
    tool({
      description: name,
      input,
      timeoutMs: 5_000,
      execute: ({ n }, { idempotencyKey }) => execute(idempotencyKey, n),
      reconcile: async ({ n }, { idempotencyKey }) => happened(idempotencyKey, { name, n }),
    });
  const { clock } = given.beside ?? {};
  const session: DrivenSession = drivenSession({
    ...given,
    model: modelOf(of),
    tools: {
      ok: once("ok", (key, n) => {
        change(key);
        return { name: "ok", n };
      }),
      slow: once("slow", async (key, n) => {
        await new Promise<void>((resolve) => (clock ?? session.clock).at(session.clock.now() + 70, resolve));
        change(key);
        return { name: "slow", n };
      }),
      fails: tool({
        description: "fails",
        input,
        onCrash: "retry",
        retry: { maxAttempts: 2, baseMs: 20, maxMs: 20 },
        execute: () => {
          throw new Error("always");
        },
      }),
      steps: tool({
        description: "steps",
        input,
        composite: true,
        execute: async ({ n }, { step }) => {
          const a = await step("a", async (key) => {
            change(key);
            return n;
          });
          return { a, b: await step("b", async () => n + 1) };
        },
      }),
    },
  });
  return session;
}

/** Runs the script to its end; each death ends a process, and the next one takes over. */
async function play(of: Script, points: readonly DeathPoint[], cancelAt?: number) {
  const world: World = new Map();
  const first = sessionOf(of, world, {});
  const { clock } = first;
  for (let n = 0; n < of.inputs; n++) await first.send(`question ${n}`);
  let processes = 0;
  let timers = 0;
  const ended = async () => {
    const inputs = await first.store.inbox.list(SESSION);
    return inputs.every(({ state }) => state === "consumed");
  };
  while (!(await ended())) {
    processes += 1;
    if (processes > 60) throw new Error(`Not over after 60 processes: ${(await first.kinds()).join(", ")}`);
    const point = points[processes - 1];
    const death = { died: new Promise<void>(() => {}) as Promise<void> };
    const session = sessionOf(of, world, {
      beside: first,
      through: (store) => {
        const dying = dyingStore(store, point);
        death.died = dying.died;
        return dying.store;
      },
    });
    let over = false;
    const process = new AbortController();
    const end = () => {
      over = true;
    };
    const living = session.drive({ signal: process.signal }).then(end, end);
    void death.died.then(end);
    while (!over) {
      await clock.advance(0);
      if (over) break;
      if (!(await clock.next())) await clock.advance(1_000);
      if (timers === cancelAt) {
        await first.store.sessions.requestCancel(TURN, { requestId: "r", origin: "test" });
      }
      if (++timers > 3_000)
        throw new Error(`Not over after 3,000 timers: ${(await first.kinds()).join(", ")}`);
    }
    // A dead process does nothing any more; its promises must end all the same.
    process.abort(new Error("dead"));
    await Promise.race([living, clock.advance(10_000)]);
    await clock.advance(31_000);
  }
  const transcript = await first.store.sessions.transcript(SESSION);
  const receipts = (await first.store.sessions.receipts(SESSION)).map(({ digest }) => digest);
  const rows = await first.rows();
  return { transcript, receipts, rows, world, pending: clock.pending };
}

describe("random scripts with crashes at random writes (promises 1, 2, 5 and 6)", () => {
  it("end, with the transcript and the receipts of the undisturbed run, and every change made once", async () => {
    await fc.assert(
      fc.asyncProperty(script, deaths, async (of, points) => {
        const calm = await play(of, []);
        const run = await play(of, points);
        expect(canonicalJson(run.transcript)).toBe(canonicalJson(calm.transcript));
        expect(run.receipts).toEqual(calm.receipts);
        expect([...run.world.keys()].sort()).toEqual([...calm.world.keys()].sort());
        for (const [key, times] of run.world) {
          // A step of a composite body may be repeated when its record was lost, under the same key; a call that may happen
          // only once is not.
          if (!key.includes("/a")) expect([key, times]).toEqual([key, 1]);
        }
        expect(run.rows.map(({ seq }) => seq)).toEqual(run.rows.map((_row, index) => index + 1));
        expect(run.pending).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it("and cancels at random times end too, with every call answered and one receipt an input", async () => {
    await fc.assert(
      fc.asyncProperty(script, deaths, fc.nat(30), async (of, points, cancelAt) => {
        const run = await play(of, points, cancelAt);
        const ids = (role: string, type: string) =>
          run.transcript.flatMap((message) =>
            message.role !== role
              ? []
              : message.parts.flatMap((part) => (part.type === type && "callId" in part ? part.callId : [])),
          );
        expect(ids("tool", "tool_result")).toEqual(ids("assistant", "tool_call"));
        expect(run.receipts).toHaveLength(of.inputs);
        for (const [key, times] of run.world) if (!key.includes("/a")) expect([key, times]).toEqual([key, 1]);
        expect(run.rows.map(({ seq }) => seq)).toEqual(run.rows.map((_row, index) => index + 1));
        expect(run.pending).toEqual([]);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
