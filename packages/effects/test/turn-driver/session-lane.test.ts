import { type LogRow, nodeId, PawlError, sessionId, turnId } from "@pawl/core";
import type { Fence, Log } from "@pawl/core/ports";
import { describe, expect, it } from "vitest";
import { type RowDraft, SessionLane } from "../../src/turn-driver/session-lane.ts";

const FENCE: Fence = {
  node: { nodeId: nodeId("n"), generation: 1, nonce: "x", ttlMs: 1 },
  sessionId: sessionId("s1"),
  epoch: 1,
};

function draft(n: number): RowDraft {
  const body = { kind: "text_delta", effectId: "e" as never, attempt: n, text: `${n}` } as const;
  return { turnId: turnId("t1"), ordinal: null, at: 0, body };
}

/** A log whose appends end when the test says so. */
function heldLog() {
  const appends: { rows: readonly LogRow[]; done: PromiseWithResolvers<void> }[] = [];
  const log = {
    append: (_fence: Fence, rows: readonly LogRow[]) => {
      const done = Promise.withResolvers<void>();
      appends.push({ rows, done });
      return done.promise;
    },
  } as Log;
  return { appends, lane: new SessionLane(log, FENCE, 10) };
}

const settled = () => new Promise<void>((resolve) => setTimeout(resolve, 0));
const seqs = (rows: readonly LogRow[] | undefined) => rows?.map(({ seq }) => seq);

describe("the lane of a session (D2)", () => {
  it("numbers rows in the order in which they were handed in, one write at a time, the rest as one batch (D5)", async () => {
    const { appends, lane } = heldLog();
    const written: number[] = [];
    void lane.append([draft(1)]).then(() => written.push(1));
    await settled();
    for (const n of [2, 3, 4]) void lane.append([draft(n)]).then(() => written.push(n));
    await settled();
    expect(appends.map(({ rows }) => seqs(rows))).toEqual([[11]]);
    appends[0]?.done.resolve();
    await settled();
    expect(written).toEqual([1]);
    expect(seqs(appends[1]?.rows)).toEqual([12, 13, 14]);
    appends[1]?.done.resolve();
    await settled();
    expect(written).toEqual([1, 2, 3, 4]);
  });

  it("writes what is handed in at once as one batch, and an exclusive write that takes rows takes those before it", async () => {
    const { appends, lane } = heldLog();
    const ran: unknown[] = [];
    void lane.append([draft(1)]);
    void lane.append([draft(2)]);
    const taken = lane.exclusiveWithRows(async (seq, before) => {
      ran.push([seq, seqs(before)]);
      return { used: 1, value: undefined };
    });
    const alone = lane.exclusiveWithRows(async (seq, before) => {
      ran.push([seq, seqs(before)]);
      return { used: 1, value: undefined };
    });
    void lane.append([draft(3)]);
    await Promise.all([taken, alone]);
    await settled();
    expect(ran).toEqual([
      [13, [11, 12]],
      [14, []],
    ]);
    expect(appends.map(({ rows }) => seqs(rows))).toEqual([[15]]);
  });

  it("runs an exclusive write alone, numbers what it used, and goes on behind it", async () => {
    const { appends, lane } = heldLog();
    const order: string[] = [];
    void lane.append([draft(1)]).then(() => order.push("row 1"));
    await settled();
    const hold = Promise.withResolvers<void>();
    const exclusive = lane.exclusive(async (seq) => {
      order.push(`exclusive ${seq}`);
      await hold.promise;
      return { used: 2, value: "v" };
    });
    void lane.append([draft(2)]).then(() => order.push("row 2"));
    void lane.append([draft(3)]);
    appends[0]?.done.resolve();
    await settled();
    expect(order.sort()).toEqual(["exclusive 12", "row 1"]);
    expect(appends).toHaveLength(1);
    hold.resolve();
    expect(await exclusive).toBe("v");
    await settled();
    expect(seqs(appends[1]?.rows)).toEqual([14, 15]);
  });

  it("gives what a store throws a code of ours (runtime_store)", async () => {
    const { appends, lane } = heldLog();
    const written = lane.append([draft(1)]);
    await settled();
    const cause = new Error("connection reset");
    appends[0]?.done.reject(cause);
    await expect(written).rejects.toMatchObject({ code: "runtime_store", blame: "infrastructure", cause });
  });

  it.each(["a write that fails", "a trip from outside"])("%s closes it for good (D3)", async (how) => {
    const { appends, lane } = heldLog();
    const told: unknown[] = [];
    lane.onTrip((cause) => told.push(cause));
    const unlisten = lane.onTrip(() => told.push("not any more"));
    unlisten();
    const cause = new PawlError("store_fenced", "lease lost");
    const result = (p: Promise<void>) =>
      p.then(
        () => "durable",
        (error) => error.code ?? error.message,
      );
    const underWay = result(lane.append([draft(1)]));
    await settled();
    const results = [underWay, result(lane.append([draft(2)])), result(lane.append([draft(3)]))];
    if (how === "a write that fails") {
      appends[0]?.done.reject(cause);
      expect(await Promise.all(results)).toEqual(["store_fenced", "drive_ended", "drive_ended"]);
    } else {
      lane.trip(cause);
      lane.trip(new Error("again"));
      // What is under way may still land.
      appends[0]?.done.resolve();
      expect(await Promise.all(results)).toEqual(["durable", "drive_ended", "drive_ended"]);
    }
    expect(told).toEqual([cause]);
    expect(lane.tripped).toBe(true);
    await expect(lane.append([draft(4)])).rejects.toMatchObject({ code: "drive_ended", cause });
    await expect(lane.exclusive(async () => ({ used: 0, value: 0 }))).rejects.toMatchObject({
      code: "drive_ended",
    });
    expect(appends).toHaveLength(1);
  });

  it("that nobody waits for leaves no unhandled rejection", async () => {
    const { appends, lane } = heldLog();
    void lane.append([draft(1)]);
    await settled();
    void lane.append([draft(2)]);
    appends[0]?.done.reject(new Error("gone"));
    await settled();
    expect(lane.tripped).toBe(true);
  });
});
