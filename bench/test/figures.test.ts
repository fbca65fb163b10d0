import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cell, Subject } from "../src/cell.ts";
import { endsWithCell } from "../src/ends-with-cell.ts";
import { figuresOf } from "../src/figure.ts";
import { runCell } from "../src/run-cell.ts";
import { median, spread } from "../src/statistics.ts";

const still = { unit: "ms", sample: () => 1 };
const named = { name: "cell", title: "A cell", about: "", notShown: "" };

test("median and spread are those of the textbook", () => {
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  // The quartiles of 1…5 are 2 and 4.
  assert.equal(spread([5, 4, 3, 2, 1]), 2 / 3);
  assert.throws(() => median([]), RangeError);
});

test("a ratio is taken within each round: a machine that gets slower does not move it", () => {
  const subjects: Subject[] = [
    { ...still, name: "floor" },
    { ...still, name: "ours", floor: "floor", target: { of: "ratio", atMost: 2 } },
  ];
  const samples = new Map([
    ["floor", [1, 10, 100]],
    ["ours", [2, 20, 200]],
  ]);
  const [floor, ours] = figuresOf("cell", subjects, samples);
  assert.equal(floor?.ratio_to_floor, null);
  assert.deepEqual([ours?.ratio_to_floor, ours?.value, ours?.met], [2, 20, true]);
});

test("a target that is missed is missed", () => {
  const missed = { ...still, name: "slow", target: { of: "value", atLeast: 5 } } as const;
  assert.equal(figuresOf("cell", [missed], new Map([["slow", [4]]]))[0]?.met, false);
});

test("the best peer is the one that leaves the least advantage, for rates as for times", () => {
  const [rate, time] = (["/s", "ms"] as const).map((unit) => {
    const subjects: Subject[] = [
      { ...still, unit, name: "ours", target: { of: "peer", atLeast: 2 } },
      { ...still, unit, name: "a", peerOf: ["ours"] },
      { ...still, unit, name: "b", peerOf: ["ours"] },
    ];
    const samples = new Map([
      ["ours", [8]],
      ["a", [2]],
      ["b", [4]],
    ]);
    return figuresOf("cell", subjects, samples)[0];
  });
  assert.deepEqual([rate?.ratio_to_best_peer, rate?.met], [2, true]);
  assert.equal(time?.ratio_to_best_peer, 4);
});

test("the ratio to each peer stands in its own line, within each round too", () => {
  const subjects: Subject[] = [
    { ...still, name: "ours" },
    { ...still, name: "a", peerOf: ["ours"] },
    { ...still, name: "b", peerOf: ["ours"] },
  ];
  const samples = new Map([
    ["ours", [1, 10, 100]],
    ["a", [2, 20, 200]],
    ["b", [4, 40, 400]],
  ]);
  const figures = figuresOf("cell", subjects, samples);
  assert.deepEqual(
    figures.map(({ ratio_of_ours }) => ratio_of_ours),
    [null, 0.5, 0.25],
  );
});

test("a target on peers is neither met nor missed where none could run", () => {
  const alone = { ...still, name: "ours", target: { of: "peer", atLeast: 2 } } as const;
  const [figure] = figuresOf("cell", [alone], new Map([["ours", [1]]]));
  assert.deepEqual([figure?.ratio_to_best_peer, figure?.met], [null, null]);
});

test("subjects take turns, begin each round with another one, and warm up without counting", async () => {
  const order: string[] = [];
  const subject = (name: string): Subject => ({
    name,
    unit: "samples",
    sample: () => order.push(name),
  });
  let closed = 0;
  const cell: Cell = {
    ...named,
    open: async () => ({ subjects: [subject("a"), subject("b")], close: async () => void closed++ }),
  };
  const { figures } = await runCell(cell, { rounds: 2, warmUps: 1, sampleMs: 0, scale: 1, budgetMs: 60_000 });
  assert.deepEqual(order, ["a", "b", "b", "a", "a", "b"]);
  // Samples 4 and 5 are a's that count.
  assert.equal(figures[0]?.value, 4.5);
  assert.equal(closed, 1);
});

test("a cell that fails is closed, and a sample that is no number fails it", async () => {
  let closed = 0;
  const subjects = [{ name: "broken", unit: "ms", sample: () => Number.NaN }];
  const cell: Cell = { ...named, open: async () => ({ subjects, close: async () => void closed++ }) };
  await assert.rejects(
    runCell(cell, { rounds: 1, warmUps: 0, sampleMs: 0, scale: 1, budgetMs: 60_000 }),
    /"broken" measured NaN/,
  );
  assert.equal(closed, 1);
});

test("another system that fails is told with the reason, and the others are measured", async () => {
  let asked = 0;
  const fails = () => {
    asked += 1;
    if (asked === 2) throw new Error("It is gone.\nIt said more.");
    return 1;
  };
  const subjects: Subject[] = [
    { ...still, name: "ours" },
    { ...still, name: "ours · A", peerOf: ["ours"], sample: fails },
    { ...still, name: "more · A", peerOf: ["ours"] },
    { ...still, name: "ours · B", peerOf: ["ours"], sample: () => 2 },
  ];
  const cell: Cell = { ...named, open: async () => ({ subjects }) };
  const effort = { rounds: 3, warmUps: 0, sampleMs: 0, scale: 1, budgetMs: 60_000 };
  const { figures, absent } = await runCell(cell, effort);
  assert.deepEqual(
    figures.map(({ subject }) => subject),
    ["ours", "ours · B"],
  );
  assert.equal(figures[0]?.best_peer, "ours · B");
  const reason = "It failed while it was measured: It is gone.";
  assert.deepEqual(absent, [{ name: "A", reason, failed: true }]);
});

test("what a cell has started is ended when it cannot open", async () => {
  let ended = 0;
  const open = async () => {
    endsWithCell(async () => void ended++);
    throw new Error("There is no room.");
  };
  const cell: Cell = { ...named, open };
  const effort = { rounds: 1, warmUps: 0, sampleMs: 0, scale: 1, budgetMs: 60_000 };
  await assert.rejects(runCell(cell, effort), /no room/);
  assert.equal(ended, 1);
});

test("an abort ends after the sample that is being taken, and closes the cell", async () => {
  const stopping = new AbortController();
  let taken = 0;
  let closed = 0;
  const sample = () => {
    taken += 1;
    stopping.abort();
    return 1;
  };
  const subjects = [{ name: "only", unit: "ms", sample }];
  const cell: Cell = { ...named, open: async () => ({ subjects, close: async () => void closed++ }) };
  const effort = { rounds: 3, warmUps: 0, sampleMs: 0, scale: 1, budgetMs: 60_000 };
  await assert.rejects(runCell(cell, effort, stopping.signal), { name: "AbortError" });
  assert.deepEqual([taken, closed], [1, 1]);
});

test("an abort while a cell opens ends what it has started, and what it still starts", async () => {
  const stopping = new AbortController();
  const ended: string[] = [];
  const open = async () => {
    endsWithCell(async () => void ended.push("first"));
    stopping.abort();
    await new Promise((resolve) => setTimeout(resolve, 20));
    endsWithCell(async () => void ended.push("second"));
    throw new Error("What it needs is gone.");
  };
  const cell: Cell = { ...named, open };
  const effort = { rounds: 1, warmUps: 0, sampleMs: 0, scale: 1, budgetMs: 60_000 };
  await assert.rejects(runCell(cell, effort, stopping.signal), { name: "AbortError" });
  assert.deepEqual(ended, ["first", "second"]);
});
