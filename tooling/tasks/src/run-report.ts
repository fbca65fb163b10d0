import { addCounts, readTestCounts, type TestCounts } from "./test-counts.ts";

/** The parts that are read of turbo's summary of a run. */
export interface TurboSummary {
  readonly tasks: readonly TurboTask[];
}

export interface TurboTask {
  /** `@pawl/core#test` */
  readonly taskId: string;
  readonly execution: { readonly exitCode: number | null };
  /** Relative to the workspace's root. */
  readonly logFile: string;
  /** `<NONEXISTENT>` when the package has no such script. */
  readonly command: string;
}

export interface RunReport {
  readonly counts: TestCounts;
  /** Each task that failed. Turbo tells nothing of those that were not run because of them. */
  readonly failures: readonly string[];
}

/**
 * What a run came to. Each test task counts what its log says, or one failure when it failed without a count: a
 * run that failed in its tests never reports "0 failed".
 */
export function reportRun(summary: TurboSummary, readLog: (file: string) => string): RunReport {
  let counts: TestCounts = { passed: 0, failed: 0 };
  const failures: string[] = [];
  for (const { taskId, execution, logFile, command } of summary.tasks) {
    if (command === "<NONEXISTENT>") continue;
    const failed = execution.exitCode !== 0;
    if (failed) failures.push(taskId);
    if (!taskId.endsWith("#test")) continue;
    const told = readTestCounts(readLog(logFile));
    counts = addCounts(counts, told);
    if (failed && (told === undefined || told.failed === 0))
      counts = addCounts(counts, { passed: 0, failed: 1 });
    if (!failed && told === undefined) {
      counts = addCounts(counts, { passed: 0, failed: 1 });
      failures.push(`${taskId} (it passed without telling how many tests)`);
    }
  }
  return { counts, failures };
}
