import assert from "node:assert/strict";
import { test } from "node:test";
import { confirm, judge } from "../src/against/judge.ts";
import { pooled } from "../src/against/pooled.ts";
import type { Subject } from "../src/cell.ts";
import { type Figure, figuresOf } from "../src/figure.ts";

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
  const rate = judge({ before: [figure({ ratio_to_floor: 2 })], now: [figure({ ratio_to_floor: 1 })] });
  assert.deepEqual(
    rate.falls.map(({ worse }) => worse),
    [2],
  );
  const time = { unit: "ms", better: "less" } as const;
  assert.equal(
    judge({ before: [figure({ ...time, ratio_to_floor: 1 })], now: [figure({ ...time, ratio_to_floor: 2 })] })
      .falls.length,
    1,
  );
  assert.equal(
    judge({ before: [figure({ ...time, ratio_to_floor: 2 })], now: [figure({ ...time, ratio_to_floor: 1 })] })
      .falls.length,
    0,
  );
});

test("a change within the noise of both medians is no fall", () => {
  const before = figure({ ratio_to_floor: 1, spread_of_ratio_to_floor: 0.3 });
  // Twice 0.93 · 0.3 / √5 is 0.25; that of two adds up by the squares to 0.35.
  const now = figure({ ratio_to_floor: 0.75, spread_of_ratio_to_floor: 0.3 });
  assert.deepEqual(judge({ before: [before], now: [now] }).falls, []);
  assert.equal(judge({ before: [before], now: [{ ...now, ratio_to_floor: 0.73 }] }).falls.length, 1);
  // The median of more rounds is known better.
  const rounds = { rounds: 11 };
  assert.equal(judge({ before: [{ ...before, ...rounds }], now: [{ ...now, ...rounds }] }).falls.length, 1);
});

test("absolute values are never compared", () => {
  const before = figure({ value: 1_000, ratio_to_floor: null });
  assert.deepEqual(judge({ before: [before], now: [figure({ value: 1, ratio_to_floor: null })] }), {
    compared: 0,
    falls: [],
    gone: [],
  });
});

test("a figure that only one of the two has is left out", () => {
  assert.equal(
    judge({ before: [figure({ subject: "old" })], now: [figure({ subject: "new" })] }).compared,
    0,
  );
});

test("the ratio to the best peer is compared by itself", () => {
  const peers = { ratio_to_best_peer: 4, spread_of_ratio_to_best_peer: 0 };
  const [fall] = judge({ before: [figure(peers)], now: [figure({ ...peers, ratio_to_best_peer: 2 })] }).falls;
  assert.deepEqual([fall?.of, fall?.before, fall?.now], ["best peer", 4, 2]);
});

test("a ratio that is gone is told", () => {
  const before = [figure({ subject: "old" }), figure({ subject: "no ratio", ratio_to_floor: null })];
  assert.deepEqual(judge({ before, now: [figure({ subject: "old", ratio_to_floor: null })] }).gone, ["old"]);
  assert.deepEqual(judge({ before, now: [] }).gone, ["old"]);
});

/** A floor of 1, and ours with these samples. */
function measured(...ours: readonly number[]): readonly Figure[] {
  const sample = () => 1;
  const subjects: Subject[] = [
    { name: "floor", unit: "/s", sample },
    { name: "ours", unit: "/s", floor: "floor", sample },
  ];
  const floor = ours.map(() => 1);
  return figuresOf(
    "cell",
    subjects,
    new Map([
      ["floor", floor],
      ["ours", ours],
    ]),
  );
}

test("two measurements of the same are one with the rounds of both", () => {
  const both = pooled(measured(1, 2, 3), measured(4, 5));
  assert.deepEqual(both, measured(1, 2, 3, 4, 5));
  // What only one has is left out; a line of an older command has no samples.
  const { samples: _, ...old } = measured(1)[1] as Figure;
  assert.deepEqual(pooled(measured(1), [old as Figure]), []);
});

test("what fell once and not again has not fallen, and what is noisier the second time has", () => {
  const first = { before: measured(1, 1.02, 0.98, 1.1, 0.9), now: measured(0.7, 0.72, 0.74, 0.66, 0.6) };
  const { falls: suspected } = judge(first);
  assert.equal(suspected.length, 1);
  assert.deepEqual(
    confirm(suspected, first, { before: measured(1, 1.1, 0.9), now: measured(1, 1.2, 0.9) }),
    [],
  );
  // By itself this would be within its noise; over both it is not.
  const noisy = { before: measured(1, 1.3, 0.8, 1.1, 0.9), now: measured(0.7, 1, 0.55, 1.1, 0.5) };
  assert.deepEqual(judge(noisy).falls, []);
  const [fall] = confirm(suspected, first, noisy);
  assert.deepEqual([fall?.subject, fall?.before, fall?.now], ["ours", 1, 0.7]);
});

test("a file is not measured again, and its lines count once", () => {
  const first = { before: measured(1, 1.02, 0.98), now: measured(0.7, 0.72, 0.74) };
  const [fall] = confirm(judge(first).falls, first, { before: [], now: measured(0.7, 0.72, 0.68) });
  assert.deepEqual([fall?.before, fall?.now], [1, 0.71]);
});
