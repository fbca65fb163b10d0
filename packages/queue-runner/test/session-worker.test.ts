import { inputId, nodeId, PawlError, type SessionId, sessionId } from "@pawl/core";
import type { Leases, NodeLease, SessionClaim } from "@pawl/core/ports";
import { createLeaseKeeper, createSessionWorker, type SessionWorkerOptions } from "@pawl/queue-runner";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, recordingLogger } from "@pawl/testing";
import { describe, expect, it } from "vitest";

const a = sessionId("a");
const b = sessionId("b");
const LOOK = { reason: "test", traceIdle: false };

type Drive = SessionWorkerOptions["drive"];

async function setUp(drive: Drive, change: (inner: Leases) => Partial<Leases> = () => ({})) {
  const clock = manualClock();
  const logger = recordingLogger();
  const store = memoryStore({ clock });
  for (const id of [a, b]) {
    const content = { parts: [{ type: "text", text: "hi" }] } as const;
    await store.inbox.accept({ inputId: inputId(`in_${id}`), sessionId: id, content, delivery: "next" });
  }
  const leases = { ...store.leases, ...change(store.leases) };
  const keeper = createLeaseKeeper({ leases, nodeId: nodeId("n"), clock, logger, ttlMs: 15_000 });
  const completed: SessionId[] = [];
  const leftIdle: boolean[] = [];
  const worker = createSessionWorker({
    leases,
    keeper,
    clock,
    logger,
    random: () => 0.999,
    behaviours: ["1"],
    drive,
    completed: (id, { nothingLeft }) => {
      completed.push(id);
      leftIdle.push(nothingLeft);
    },
  });
  return { clock, logger, store, keeper, worker, completed, leftIdle };
}

function infrastructure(code: string): PawlError {
  return new PawlError(code, "The ground failed.", { blame: "infrastructure" });
}

describe("the session worker", () => {
  it("tells of a session that was left idle that nothing is left in it, and of no other (Q1)", async () => {
    const leaves = [{ type: "idle" }, { type: "retry", delayMs: 0 }, undefined] as const;
    let drives = 0;
    let first: readonly SessionClaim[] | undefined;
    const { worker, leftIdle } = await setUp(
      async () => {
        drives += 1;
        const left = leaves[drives - 1];
        if (left === undefined) throw infrastructure("store_fenced");
        return left;
      },
      (inner) => ({
        claim: async (...args) => {
          first ??= await inner.claim(...args);
          return first;
        },
      }),
    );
    for (const _ of leaves) {
      await worker.runQueuedWork({ ...LOOK, sessionId: a });
      await worker.idle();
    }
    expect(leftIdle).toEqual([true, false, false]);
  });

  it("ends the earlier drive of a session that it claims once more, and lets the later one go on (Q12, D1)", async () => {
    const signals: AbortSignal[] = [];
    const ends: (() => void)[] = [];
    let first: readonly SessionClaim[] | undefined;
    const { worker, completed } = await setUp(
      (_claim, { signal }) => {
        signals.push(signal);
        return new Promise<void>((resolve, reject) => {
          ends.push(resolve);
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      },
      (inner) => ({
        // As after a crash of the database that undid the first claim: the second comes with the same number.
        claim: async (...args) => {
          first ??= await inner.claim(...args);
          return first;
        },
      }),
    );
    await worker.runQueuedWork({ ...LOOK, sessionId: a });
    await worker.runQueuedWork({ ...LOOK, sessionId: a });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(signals[0]?.reason).toMatchObject({ code: "store_fenced" });
    ends[1]?.();
    await worker.idle();
    expect(completed).toEqual([a, a]);
    expect(worker.isRunning(a)).toBe(false);
  });

  it("claims as many sessions as it is asked for in one statement, and tells of each end", async () => {
    const claims: number[] = [];
    const ends = new Map<SessionId, () => void>();
    const { worker, completed, clock } = await setUp(
      ({ sessionId }) => new Promise<void>((resolve) => ends.set(sessionId, resolve)),
      (inner) => ({
        claim: (lease, request) => {
          claims.push(request.limit);
          return inner.claim(lease, request);
        },
      }),
    );
    expect(await worker.runQueuedWork({ ...LOOK, limit: 5 })).toEqual({
      type: "submitted",
      sessionId: a,
      others: [b],
    });
    expect(claims).toEqual([5]);
    expect([worker.isRunning(a), worker.isRunning(b)]).toEqual([true, true]);
    ends.get(b)?.();
    await clock.advance(0);
    expect(completed).toEqual([b]);
    expect([worker.isRunning(a), worker.isRunning(b)]).toEqual([true, false]);
    ends.get(a)?.();
    await worker.idle();
    expect(completed).toEqual([b, a]);
    expect(worker.driven).toBe(2);
  });

  it("drives what is claimed for it by other means, under its lease", async () => {
    const driven: SessionId[] = [];
    const { worker, keeper, store, completed } = await setUp(async ({ sessionId: id, fence }) => {
      driven.push(id);
      expect(fence.node).toEqual((await keeper.current()).lease);
    });
    const claimed = async (lease: NodeLease | undefined, taken: (claim: SessionClaim) => void) => {
      const request = { sessionId: a, limit: 1, behaviours: ["1"] };
      for (const claim of lease ? await store.leases.claim(lease, request) : []) taken(claim);
    };
    // A lease is not opened for it: whoever wants the work done at once has no use for waiting.
    expect(await worker.take(claimed)).toEqual({ type: "idle" });
    await keeper.current();
    expect(await worker.take(claimed)).toEqual({ type: "submitted", sessionId: a });
    expect(await worker.take(async () => undefined)).toEqual({ type: "idle" });
    await worker.idle();
    expect([driven, completed]).toEqual([[a], [a]]);
  });

  it("drives what was taken though whoever took it is not done yet, and whatever becomes of him", async () => {
    const { worker, keeper, store, completed } = await setUp(async () => {});
    await keeper.current();
    const rest = Promise.withResolvers<void>();
    const outcome = worker.take(async (lease, taken) => {
      for (const claim of await store.leases.claim(lease!, { limit: 1, behaviours: ["1"] })) taken(claim);
      await rest.promise;
    });
    expect(await outcome).toEqual({ type: "submitted", sessionId: a });
    await worker.idle();
    expect(completed).toEqual([a]);
    rest.reject(new Error("late"));
    await expect(rest.promise).rejects.toThrow("late");
  });

  it("claims nothing for what comes when it stops, and waits for what came before (Q5)", async () => {
    const asked: (NodeLease | undefined)[] = [];
    const { worker, keeper, completed, store } = await setUp(async () => {});
    const { lease } = await keeper.current();
    const answer = Promise.withResolvers<SessionClaim>();
    const before = worker.take(async (_lease, taken) => taken(await answer.promise));
    let isOver = false;
    const stopped = worker.stop({ drained: new Promise(() => {}) }).then(() => (isOver = true));
    await worker.take(async (given) => {
      asked.push(given);
      return undefined;
    });
    expect([asked, isOver]).toEqual([[undefined], false]);
    const [claim] = await store.leases.claim(lease, { sessionId: a, limit: 1, behaviours: ["1"] });
    answer.resolve(claim!);
    await before;
    await stopped;
    expect(completed).toEqual([a]);
  });

  it("claims the session that it is asked for, or says that there is nothing", async () => {
    const { worker } = await setUp(async () => {});
    expect(await worker.runQueuedWork({ ...LOOK, sessionId: b })).toEqual({
      type: "submitted",
      sessionId: b,
    });
    expect(await worker.runQueuedWork({ ...LOOK, sessionId: sessionId("none") })).toEqual({ type: "idle" });
  });

  it("stop lets what runs end, then ends it, and claims nothing more", async () => {
    const seen: string[] = [];
    const { worker, completed, clock } = await setUp(
      ({ sessionId }, { signal, stopping }) =>
        new Promise((resolve, reject) => {
          stopping.addEventListener("abort", () => {
            seen.push(`${sessionId} is asked`);
            if (sessionId === a) resolve(undefined);
          });
          signal.addEventListener("abort", () => {
            seen.push(`${sessionId} is told`);
            reject(signal.reason);
          });
        }),
    );
    await worker.runQueuedWork({ ...LOOK, limit: 2 });
    const drained = Promise.withResolvers<void>();
    const stopping = worker.stop({ drained: drained.promise });
    await clock.advance(0);
    expect(seen).toEqual(["a is asked", "b is asked"]);
    expect(completed).toEqual([a]);
    expect(await worker.runQueuedWork(LOOK)).toEqual({ type: "idle" });
    drained.resolve();
    await stopping;
    expect(seen).toContain("b is told");
    expect(completed).toEqual([a, b]);
  });

  it("stop does not wait for the drain when all has ended, and is bounded when a drive ignores it", async () => {
    const { worker, clock, logger } = await setUp(() => new Promise(() => {}));
    await worker.runQueuedWork({ ...LOOK, sessionId: a });
    const stopping = worker.stop({ drained: Promise.resolve() });
    await clock.advance(1_000);
    await stopping;
    expect(logger.lines.at(-1)).toMatchObject({ level: "error", facts: { sessionIds: ["a"] } });

    const quiet = await setUp(async () => {});
    await quiet.worker.stop({ drained: new Promise(() => {}) });
  });

  it("stop also waits for what is being claimed", async () => {
    const gate = Promise.withResolvers<void>();
    const { worker, completed } = await setUp(
      async () => {},
      (inner) => ({
        claim: async (lease, request) => {
          await gate.promise;
          return inner.claim(lease, request);
        },
      }),
    );
    const looking = worker.runQueuedWork({ ...LOOK, sessionId: a });
    const stopping = worker.stop({ drained: new Promise(() => {}) });
    gate.resolve();
    expect(await looking).toMatchObject({ type: "submitted" });
    await stopping;
    expect(completed).toEqual([a]);
  });

  it.each([
    ["info", new PawlError("store_fenced", "Taken over.")],
    ["warn", infrastructure("store_unreachable")],
    ["error", new PawlError("internal_error", "A bug.", { blame: "pawl" })],
    ["error", new TypeError("not even ours")],
  ] as const)("logs at %s a drive that ends with %s", async (level, thrown) => {
    const { worker, logger, clock, completed } = await setUp(() => Promise.reject(thrown));
    await worker.runQueuedWork({ ...LOOK, sessionId: a });
    await clock.advance(0);
    expect(logger.lines).toMatchObject([{ level, facts: { sessionId: "a", message: thrown.message } }]);
    expect(completed).toEqual([a]);
    expect(worker.driven).toBe(0);
  });

  it("D3: a lost lease ends its drives", async () => {
    const { worker, store, clock, logger, completed } = await setUp(
      (_claim, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        }),
    );
    await worker.runQueuedWork({ ...LOOK, sessionId: a });
    await store.leases.openNode(nodeId("n"), { ttlMs: 15_000 });
    await clock.advance(5_000);
    expect(completed).toEqual([a]);
    expect(logger.messages("info")).toEqual(["a session was given up"]);
  });

  it("Q8: a session whose drive failed is left, however often that takes, and can be claimed again", async () => {
    let down = 3;
    const { worker, clock, completed, logger } = await setUp(
      () => Promise.reject(infrastructure("store_unreachable")),
      (inner) => ({
        release: (fence, how) =>
          down-- > 0 ? Promise.reject(infrastructure("store_unreachable")) : inner.release(fence, how),
      }),
    );
    await worker.runQueuedWork({ ...LOOK, sessionId: a });
    await clock.advance(0);
    expect(completed).toEqual([]);
    expect(worker.isRunning(a)).toBe(true);
    await clock.advance(100 + 200 + 400);
    expect(completed).toEqual([a]);
    expect(logger.messages("warn")).toHaveLength(4);
    await clock.advance(800);
    expect(await worker.runQueuedWork({ ...LOOK, sessionId: a })).toMatchObject({ type: "submitted" });
  });

  it("Q8: leaving ends when the lease is lost, for then the session is free already", async () => {
    const { worker, store, clock, completed } = await setUp(
      () => Promise.reject(infrastructure("store_unreachable")),
      () => ({ release: () => Promise.reject(infrastructure("store_unreachable")) }),
    );
    await worker.runQueuedWork({ ...LOOK, sessionId: a });
    await clock.advance(3_000);
    expect(completed).toEqual([]);
    await store.leases.openNode(nodeId("n"), { ttlMs: 15_000 });
    await clock.advance(2_000);
    expect(completed).toEqual([a]);
  });
});
