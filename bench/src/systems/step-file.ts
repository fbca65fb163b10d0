import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { monotonicMs } from "../stopwatch.ts";

/** One step that was performed, by any process. */
export interface PerformedStep {
  readonly step: number;
  /** By `monotonicMs`. */
  readonly at: number;
  /** Of the process that performed it. */
  readonly pid: number;
}

/** How long a step takes, so that a process can be killed in the middle of one. */
const STEP_MS = 5;

/** What the steps of a workflow leave outside of every runtime, so that nobody's own account of it has to be believed. */
export async function performStep(file: string, step: number): Promise<void> {
  appendFileSync(file, `${step} ${monotonicMs()} ${process.pid}\n`);
  await new Promise((resolve) => setTimeout(resolve, STEP_MS));
}

export function performedSteps(file: string): readonly PerformedStep[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => {
    const [step, at, pid] = line.split(" ").map(Number);
    return { step: step!, at: at!, pid: pid! };
  });
}
