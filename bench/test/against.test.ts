import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../src/against/judge.ts";
import type { Figure } from "../src/figure.ts";

function figure(changes: Partial<Figure>): Figure {
  return {
    bench: "cell",
    subject: "ours",
    value: 1,
    unit: "/s",
    ratio_to_floor: 1,
    ratio_to_best_peer: null,
    spread: 0,
    spread_of_ratio_to_floor: 0,
    spread_of_ratio_to_best_peer: null,
    ratio_to_median_peer: null,
    ratio_of_ours: null,
    better: "more",
    floor: "floor",
    best_peer: null,
    peer_of: [],
    point: null,
    target: null,
    met: null,
    rounds: 5,
    samples: [],
    ...changes,
  };
}

test("a rate falls when its ratio gets smaller, a time when it gets larger", () => {
  const rate = judge([figure({ ratio_to_floor: 2 })], [figure({ ratio_to_floor: 1 })]);
  assert.deepEqual(
    rate.falls.map(({ worse }) => worse),
    [2],
  );
  const time = { unit: "ms", better: "less" } as const;
  assert.equal(
    judge([figure({ ...time, ratio_to_floor: 1 })], [figure({ ...time, ratio_to_floor: 2 })]).falls.length,
    1,
  );
  assert.equal(
    judge([figure({ ...time, ratio_to_floor: 2 })], [figure({ ...time, ratio_to_floor: 1 })]).falls.length,
    0,
  );
});

test("a change within the spread of both runs is no fall", () => {
  const before = figure({ ratio_to_floor: 1, spread_of_ratio_to_floor: 0.2 });
  // The noise is 0.28: two spreads of 0.2 add up by their squares.
  const now = figure({ ratio_to_floor: 0.8, spread_of_ratio_to_floor: 0.2 });
  assert.deepEqual(judge([before], [now]), { compared: 1, falls: [] });
  assert.equal(judge([before], [{ ...now, ratio_to_floor: 0.75 }]).falls.length, 1);
});

test("absolute values are never compared", () => {
  const before = figure({ value: 1_000, ratio_to_floor: null });
  assert.deepEqual(judge([before], [figure({ value: 1, ratio_to_floor: null })]), { compared: 0, falls: [] });
});

test("a figure that only one of the two has is left out", () => {
  assert.equal(judge([figure({ subject: "old" })], [figure({ subject: "new" })]).compared, 0);
});

test("the ratio to the best peer is compared by itself", () => {
  const peers = { ratio_to_best_peer: 4, spread_of_ratio_to_best_peer: 0 };
  const [fall] = judge([figure(peers)], [figure({ ...peers, ratio_to_best_peer: 2 })]).falls;
  assert.deepEqual([fall?.of, fall?.before, fall?.now], ["best peer", 4, 2]);
});
