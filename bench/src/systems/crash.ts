import { join } from "node:path";
import { monotonicMs } from "../stopwatch.ts";
import type { SystemHome } from "./open-systems.ts";
import { type PerformedStep, performedSteps } from "./step-file.ts";

export interface Crash {
  /** From the start of the process that goes on (the same one again), or from the kill (another node), to its first step. */
  readonly resumedMs: number;
  /** Steps that were recorded before the kill, because the next one had begun, and that were performed again. */
  readonly recordedTwice: number;
  /** The step that was under way at the kill was performed again: 0 or 1. */
  readonly interruptedTwice: number;
}

export interface CrashOptions {
  readonly file: string;
  /** `restart`: the process is started again. `other`: a second node is there already. */
  readonly then: "restart" | "other";
  /** Recovery is asked for after the restart. */
  readonly recover?: boolean;
}

const STEPS = 60;
const KILL_AFTER = 30;
const LOOK_EVERY_MS = 2;
const GIVE_UP_MS = 90_000;

/** Kills a worker in the middle of a workflow, and follows what is performed until its last step. */
export async function crash(home: SystemHome, { file, then, recover = false }: CrashOptions): Promise<Crash> {
  const worker = await home.start("worker");
  const other = then === "other" ? await home.start("other") : undefined;
  const path = join(file, `steps-${Math.round(monotonicMs())}`);
  await worker.ask("begin", STEPS, path);
  await until(path, (steps) => steps.length >= KILL_AFTER);
  // Where two share a queue either of them may have taken it.
  const { pid } = performedSteps(path).at(-1)!;
  const performer = other !== undefined && other.pid === pid ? other : worker;
  let since = monotonicMs();
  await performer.kill();
  const before = performedSteps(path);
  if (then === "restart") {
    since = monotonicMs();
    const again = await home.start("worker");
    if (recover) await again.ask("recover");
  }
  await until(path, (steps) => steps.some(({ step }) => step === STEPS - 1));
  const after = performedSteps(path).slice(before.length);
  const interrupted = before.at(-1)!.step;
  const twice = after.map(({ step }) => step).filter((step) => before.some((one) => one.step === step));
  const lost = Array.from({ length: STEPS }, (_, step) => step).filter(
    (step) => !performedSteps(path).some((one) => one.step === step),
  );
  if (lost.length > 0) throw new Error(`Steps ${lost.join(", ")} were never performed.`);
  return {
    resumedMs: after[0]!.at - since,
    recordedTwice: new Set(twice.filter((step) => step !== interrupted)).size,
    interruptedTwice: twice.includes(interrupted) ? 1 : 0,
  };
}

async function until(path: string, isSo: (steps: readonly PerformedStep[]) => boolean): Promise<void> {
  const end = monotonicMs() + GIVE_UP_MS;
  while (!isSo(performedSteps(path))) {
    if (monotonicMs() > end) throw new Error(`The workflow did not go on within ${GIVE_UP_MS / 1_000} s.`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
