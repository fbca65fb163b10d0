import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Subject } from "../src/cell.ts";
import { cells } from "../src/cells/index.ts";
import { curve } from "../src/curve.ts";
import { pageOf } from "../src/docs/page.ts";
import { plotsOf } from "../src/docs/plots.ts";
import { barChart } from "../src/docs/svg.ts";
import { figuresOf } from "../src/figure.ts";
import { exponent } from "../src/statistics.ts";

const sample = () => 1;

test("the exponent of a power is its power, and of what does not grow 0", () => {
  const sizes = [10, 100, 1_000];
  assert.ok(Math.abs(exponent(sizes, [3, 30, 300]) - 1) < 1e-9);
  assert.ok(Math.abs(exponent(sizes, [7, 700, 70_000]) - 2) < 1e-9);
  assert.ok(Math.abs(exponent(sizes, [5, 5, 5])) < 1e-9);
});

test("a curve has a figure for each size and one for its slope, and is drawn", () => {
  const shape = { name: "claim", of: "queued", unit: "ms", sizes: [10, 100], atMost: 2 };
  const subjects = curve({ ...shape, sample: async () => 1 });
  const samples = new Map([
    ["claim, 10 queued", [1, 1, 1]],
    ["claim, 100 queued", [10, 10, 10]],
  ]);
  const figures = figuresOf("cell", subjects, samples);
  assert.deepEqual(
    figures.map(({ subject, met }) => [subject, met]),
    [
      ["claim, 10 queued", null],
      ["claim, 100 queued", false],
      ["claim: exponent in queued", null],
    ],
  );
  assert.equal(figures[2]?.value, 1);
  const [plot] = plotsOf(figures);
  assert.match(plot?.svg ?? "", /<polyline points="70,320 520,40"/);
});

test("a curve that bends tells the slope of its end, too", () => {
  const sizes = [10, 100, 1_000];
  const subjects = curve({ name: "turn", of: "characters", unit: "ms", sizes, sample: async () => 1 });
  const samples = new Map([
    ["turn, 10 characters", [1]],
    ["turn, 100 characters", [1]],
    ["turn, 1,000 characters", [10]],
  ]);
  const [whole, end] = figuresOf("cell", subjects, samples).slice(3);
  assert.deepEqual([whole?.subject, whole?.value.toFixed(3)], ["turn: exponent in characters", "0.500"]);
  assert.deepEqual(
    [end?.subject, end?.value.toFixed(3)],
    ["turn: exponent in characters, from 100 on", "1.000"],
  );
});

test("ours and its peers share a plot, and a name cannot break out of it", () => {
  const subjects: Subject[] = [
    { name: "a <step>", unit: "/s", sample },
    { name: "a <step> · A & B", unit: "/s", peerOf: ["a <step>"], sample },
  ];
  const samples = new Map([
    ["a <step>", [4]],
    ["a <step> · A & B", [2]],
  ]);
  const [plot, ...others] = plotsOf(figuresOf("cell", subjects, samples));
  assert.equal(others.length, 0);
  assert.match(plot?.svg ?? "", />A &amp; B</);
  assert.doesNotMatch(plot?.svg ?? "", /<step>/);
});

test("a bar's name has the room that it needs, and leaves some for the bar", () => {
  const label = "the same, and an insert by who hears it, bare pg, p50";
  const chart = barChart({ title: "t", bars: [{ label, value: 1, kind: "floor" }] });
  const [, end, bar, width] =
    /<text x="([\d.]+)" y="54".*\n<rect x="([\d.]+)" .*?width="([\d.]+)"/.exec(chart) ?? [];
  assert.ok(Number(end) >= 6 * label.length, `${end}`);
  assert.ok(Number(bar) + Number(width) < 720 && Number(width) > 200, `${bar} ${width}`);
});

test("the README tells each cell, and no other", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const told = [...readme.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name);
  assert.deepEqual(told.toSorted(), [...cells.keys()].toSorted());
});

test("a page says what was measured, what it does not show, and who was not there", () => {
  const cell = {
    name: "cell",
    title: "A cell",
    about: "\n  It\n  works.",
    notShown: "The rest.",
    whereItGoes: "\n  Two\n  commits.",
    open: async () => ({ subjects: [] }),
  };
  const figures = figuresOf("cell", [{ name: "ours", unit: "ms", sample }], new Map([["ours", [1_234]]]));
  const facts = {
    date: "2000-01-01",
    machine: "M",
    load: 1.25,
    versions: ["V 1"],
    commit: "abc",
    command: "pnpm bench",
  };
  const absent = [{ name: "Somebody", reason: "It is not here." }];
  const page = pageOf(cell, { figures, absent, plots: [], facts });
  for (const part of [
    "# A cell",
    "It works.",
    "The rest.",
    "| ours | 1,234 | ms |",
    "## Where it goes\n\nTwo commits.\n",
    "Somebody is not measured. It is not here.",
    "on 2000-01-01, at commit abc, measured once",
  ])
    assert.ok(page.includes(part), part);
});

test("each page says what it measures and what it does not show", async () => {
  for (const [name, load] of cells) {
    const cell = await load();
    assert.equal(cell.name, name);
    for (const part of [cell.title, cell.about, cell.notShown]) assert.ok(part.trim().length > 10, name);
  }
});
