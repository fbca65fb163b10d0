import { expect, it } from "vitest";
import { reportRun, type TurboTask } from "../src/run-report.ts";
import { readTestCounts } from "../src/test-counts.ts";

const coloured =
  "\u001b[2m Test Files \u001b[22m \u001b[1m\u001b[31m1 failed\u001b[39m\u001b[22m\u001b[90m (1)\u001b[39m\n" +
  "\u001b[2m      Tests \u001b[22m \u001b[1m\u001b[31m2 failed\u001b[39m\u001b[22m\u001b[2m | \u001b[22m\u001b[1m\u001b[32m14 passed\u001b[39m\u001b[22m\u001b[2m | \u001b[22m\u001b[33m3 skipped\u001b[39m\u001b[90m (19)\u001b[39m\n";

it("counts are read from vitest's last lines, in colour and without, and files are not tests", () => {
  expect(readTestCounts(coloured)).toEqual({ passed: 14, failed: 2 });
  expect(readTestCounts(" Test Files  2 passed (2)\n      Tests  7 passed (7)\n")).toEqual({
    passed: 7,
    failed: 0,
  });
  expect(readTestCounts("      Tests  3 skipped (3)\n")).toEqual({ passed: 0, failed: 0 });
  expect(readTestCounts("No test files found, exiting with code 1")).toBeUndefined();
});

const task = (taskId: string, exitCode: number, command = "vitest run"): TurboTask => ({
  taskId,
  command,
  logFile: taskId,
  execution: { exitCode },
});

it("the sum is over the test tasks of all packages, and no other log is counted", () => {
  const logs: Record<string, string> = { "a#test": "Tests  3 passed (3)", "b#test": "Tests  1 passed (1)" };
  const tasks = [task("a#build", 0, "tsc"), task("a#test", 0), task("b#test", 0)];
  logs["a#build"] = "Tests  100 passed (100)";
  expect(reportRun({ tasks }, (file) => logs[file] ?? "")).toEqual({
    counts: { passed: 4, failed: 0 },
    failures: [],
  });
});

it("a test task that failed without a count is a failure", () => {
  const { counts, failures } = reportRun({ tasks: [task("a#test", 1), task("b#test", 1)] }, (file) =>
    file === "a#test" ? "No test files found" : coloured,
  );
  expect(counts).toEqual({ passed: 14, failed: 3 });
  expect(failures).toEqual(["a#test", "b#test"]);
});

it("a test task that failed although all of its tests passed is a failure", () => {
  const { counts } = reportRun({ tasks: [task("a#test", 1)] }, () => "Tests  3 passed (3)\n Errors  1 error");
  expect(counts).toEqual({ passed: 3, failed: 1 });
});

it("a test task that passed without a count is a failure, because it cannot be believed", () => {
  const { counts, failures } = reportRun({ tasks: [task("a#test", 0)] }, () => "");
  expect(counts).toEqual({ passed: 0, failed: 1 });
  expect(failures).toEqual(["a#test (it passed without telling how many tests)"]);
});

it("every failed task is named, and a task that a package does not have is none", () => {
  const tasks = [task("a#build", 1, "tsc"), task("//#lint", 1, "biome"), task("b#test", 0, "<NONEXISTENT>")];
  expect(reportRun({ tasks }, () => "")).toEqual({
    counts: { passed: 0, failed: 0 },
    failures: ["a#build", "//#lint"],
  });
});
