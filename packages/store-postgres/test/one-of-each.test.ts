import { describe, expect, test } from "vitest";
import { oneOfEach } from "../src/connection/one-of-each.ts";

const item = (key: string, n: number, characters = 10) => ({ key, n, characters });
type Item = ReturnType<typeof item>;

/** The batches that a queue comes to. */
function batches(queue: Item[], most = 100): string[][] {
  const found: string[][] = [];
  for (let left = queue; left.length > 0; ) {
    const taken = oneOfEach(left, most, ({ key }) => key);
    found.push([...taken.batch.values()].map(({ key, n }) => `${key}${n}`));
    left = taken.left;
  }
  return found;
}

describe("SW2, PC2: a batch of one of each", () => {
  test("has at most one of a key, and the others follow in their order", () => {
    expect(batches([item("a", 1), item("a", 2), item("b", 1), item("a", 3)])).toEqual([
      ["a1", "b1"],
      ["a2"],
      ["a3"],
    ]);
  });

  test("holds no more than it may", () => {
    expect(batches([item("a", 1), item("b", 1), item("c", 1)], 2)).toEqual([["a1", "b1"], ["c1"]]);
  });

  test("lets nothing pass what is too large for it", () => {
    const queue = [item("a", 1, 3_000_000), item("b", 1, 3_000_000), item("b", 2), item("c", 1)];
    expect(batches(queue)).toEqual([["a1", "c1"], ["b1"], ["b2"]]);
  });

  test("takes one that is too large for any, alone", () => {
    expect(batches([item("a", 1, 9_000_000), item("b", 1)])).toEqual([["a1"], ["b1"]]);
  });
});
