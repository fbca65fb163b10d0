import type { Fence } from "@pawl/core/ports";
import { describe, expect, test } from "vitest";
import { type Append, takeBatch } from "../src/connection/append-batch.ts";

function append(
  session: string,
  seqs: readonly number[],
  over: { epoch?: number; turn?: string; body?: string; unlessSteered?: boolean } = {},
): Append {
  const { epoch = 1, turn = "t", body = "{}" } = over;
  const fence: Fence = {
    node: { nodeId: "n" as never, generation: 1, nonce: "x", ttlMs: 1 },
    sessionId: session as never,
    epoch,
  };
  const rows = seqs.map((seq) => ({ seq, first: seq, turnId: turn, ordinal: null, at: 0, body }));
  const characters = rows.length * body.length;
  return {
    fence,
    rows,
    characters,
    unlessSteered: over.unlessSteered ?? false,
    resolve: () => undefined,
    reject: () => undefined,
  };
}

/** The batches, each as its runs. */
function batches(appends: Append[]): string[][] {
  const found: string[][] = [];
  while (appends.length > 0) {
    found.push(takeBatch(appends).map((part) => `${part.fence.sessionId}:${part.first}-${part.next - 1}`));
  }
  return found;
}

describe("takeBatch", () => {
  test("G2: appends of one session that follow one another are one run, others share the batch", () => {
    expect(batches([append("a", [1]), append("b", [7, 8]), append("a", [2, 3])])).toEqual([
      ["a:1-3", "b:7-8"],
    ]);
  });

  test("G2: what does not follow waits for the next batch, and so does all behind it", () => {
    expect(batches([append("a", [1]), append("a", [1]), append("a", [2]), append("b", [1])])).toEqual([
      ["a:1-1", "b:1-1"],
      ["a:1-2"],
    ]);
    expect(batches([append("a", [1]), append("a", [2], { epoch: 2 }), append("a", [3])])).toEqual([
      ["a:1-1"],
      ["a:2-2"],
      ["a:3-3"],
    ]);
    expect(batches([append("a", [1]), append("a", [2], { turn: "u" })])).toEqual([["a:1-1"], ["a:2-2"]]);
  });

  test("G8: what is of a session in a batch under way stays in the queue, in its order", () => {
    const queue = [append("a", [2]), append("b", [1]), append("a", [3])];
    expect(takeBatch(queue, new Set(["a"])).map(({ fence }) => fence.sessionId)).toEqual(["b"]);
    expect(batches(queue)).toEqual([["a:2-3"]]);
  });

  test("G8: a share is counted in sessions; rows of those that are taken come along", () => {
    const queue = [append("a", [1]), append("b", [1]), append("a", [2]), append("c", [1])];
    expect(takeBatch(queue, new Set(), 1).map(({ first, next }) => [first, next])).toEqual([[1, 3]]);
    expect(batches(queue)).toEqual([["b:1-1", "c:1-1"]]);
  });

  test("a batch is bounded, and one that is too large for it goes alone", () => {
    const large = "x".repeat(3 * 1024 * 1024);
    expect(batches([append("a", [1]), append("b", [1], { body: large }), append("c", [1])])).toEqual([
      ["a:1-1", "c:1-1"],
      ["b:1-1"],
    ]);
    const many = Array.from({ length: 1500 }, (_, i) => append(`s${i}`, [1]));
    expect(batches(many).map((batch) => batch.length)).toEqual([1000, 500]);
  });
});
