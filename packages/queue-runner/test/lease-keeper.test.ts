import { nodeId, PawlError } from "@pawl/core";
import type { Leases, NodeLease } from "@pawl/core/ports";
import { createLeaseKeeper } from "@pawl/queue-runner";
import { memoryStore } from "@pawl/store-memory";
import { manualClock, recordingLogger } from "@pawl/testing";
import { describe, expect, it } from "vitest";

const TTL_MS = 15_000;
const node = nodeId("node_a");

function setUp(change: (inner: Leases) => Partial<Leases> = () => ({})) {
  const clock = manualClock();
  const logger = recordingLogger();
  const inner = memoryStore({ clock }).leases;
  const leases = { ...inner, ...change(inner) };
  const keeper = createLeaseKeeper({ leases, nodeId: node, clock, logger, ttlMs: TTL_MS });
  return { clock, logger, inner, keeper };
}

const unreachable = () =>
  Promise.reject(new PawlError("store_unreachable", "No route.", { blame: "infrastructure" }));

describe("the lease keeper", () => {
  it("opens one lease for all who ask, and keeps it for as long as it renews at a third of its time to live", async () => {
    const renewals: number[] = [];
    const { clock, keeper } = setUp((inner) => ({
      renewNode: (lease) => {
        renewals.push(clock.now() - began);
        return inner.renewNode(lease);
      },
    }));
    const began = clock.now();
    const [one, two] = await Promise.all([keeper.current(), keeper.current()]);
    expect(one.lease).toEqual(two.lease);
    await clock.advance(60_000);
    expect(renewals.slice(0, 3)).toEqual([5_000, 10_000, 15_000]);
    expect(one.lost.aborted).toBe(false);
    expect(one.isOver()).toBe(false);
    expect((await keeper.current()).lease).toEqual(one.lease);
    await keeper.close();
    expect(clock.pending).toEqual([]);
  });

  it("D3: a renewal that is refused trips the latch, and the next request opens a new generation", async () => {
    const { clock, inner, keeper, logger } = setUp();
    const first = await keeper.current();
    // Somebody else opened this node anew, as a restarted process does.
    await inner.openNode(node, { ttlMs: TTL_MS });
    await clock.advance(5_000);
    expect(first.lost.aborted).toBe(true);
    expect(first.lost.reason).toMatchObject({ code: "store_fenced" });
    expect(keeper.held).toBe(false);
    expect(logger.messages("error")).toEqual(["the node's lease is lost"]);
    const second = await keeper.current();
    expect(second.lease.generation).toBe(first.lease.generation + 2);
    expect(second.lost.aborted).toBe(false);
    await clock.advance(30_000);
    expect(second.lost.aborted).toBe(false);
  });

  it("D3: failures are lived with for one time to live and no longer", async () => {
    const { clock, keeper, logger } = setUp(() => ({ renewNode: unreachable }));
    const { lost, isOver } = await keeper.current();
    await clock.advance(TTL_MS - 1);
    expect(lost.aborted).toBe(false);
    expect(isOver()).toBe(false);
    expect(logger.messages("warn")).toHaveLength(2);
    await clock.advance(1);
    expect(lost.aborted).toBe(true);
    expect(isOver()).toBe(true);
  });

  it("D3: a renewal that never answers trips the latch in time too, and its late success is nobody's", async () => {
    const answer = Promise.withResolvers<void>();
    const { clock, keeper } = setUp(() => ({ renewNode: () => answer.promise }));
    const { lost } = await keeper.current();
    await clock.advance(TTL_MS);
    expect(lost.aborted).toBe(true);
    expect(lost.reason).toMatchObject({ code: "lease_not_renewed" });
    answer.resolve();
    await clock.advance(0);
    expect(keeper.held).toBe(false);
    expect(clock.pending).toEqual([]);
  });

  it("one renewal that succeeds begins the count again", async () => {
    const answers = [false, true];
    const { clock, keeper } = setUp((inner) => ({
      renewNode: (lease) => (answers.shift() ? inner.renewNode(lease) : unreachable()),
    }));
    const { lost } = await keeper.current();
    await clock.advance(10_000 + TTL_MS - 1);
    expect(lost.aborted).toBe(false);
    await clock.advance(1);
    expect(lost.aborted).toBe(true);
  });

  it("a store that cannot be reached at first is asked again by the next request", async () => {
    let failing = true;
    const { keeper } = setUp((inner) => ({
      openNode: (id, options) => (failing ? unreachable() : inner.openNode(id, options)),
    }));
    await expect(keeper.current()).rejects.toMatchObject({ code: "store_unreachable" });
    failing = false;
    expect((await keeper.current()).lease.nodeId).toBe(node);
  });

  it("close gives the lease back, also one that is being opened, and refuses to open another", async () => {
    const closed: NodeLease[] = [];
    const { keeper, clock } = setUp((inner) => ({
      closeNode: (lease) => {
        closed.push(lease);
        return inner.closeNode(lease);
      },
    }));
    const opening = keeper.current();
    await keeper.close();
    expect(closed).toEqual([(await opening).lease]);
    await expect(keeper.current()).rejects.toMatchObject({ code: "node_closed" });
    expect(clock.pending).toEqual([]);
  });

  it("close logs, and does not throw, when the store cannot be told", async () => {
    const { keeper, logger } = setUp(() => ({ closeNode: unreachable }));
    await keeper.current();
    await keeper.close();
    expect(logger.messages("warn")).toHaveLength(1);
  });

  it("close is bounded when the store does not answer", async () => {
    const { keeper, clock, logger } = setUp(() => ({ closeNode: () => new Promise(() => {}) }));
    await keeper.current();
    const closing = keeper.close();
    await clock.advance(2_000);
    await closing;
    expect(logger.lines.at(-1)).toMatchObject({ level: "warn", facts: { code: "answer_overdue" } });
    expect(keeper.held).toBe(false);
    expect(clock.pending).toEqual([]);
  });
});
