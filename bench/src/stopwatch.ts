/**
 * `wall` is what a user waits. `cpu` is the time that this process was given, on all its threads: it does not count what other
 * programs of a busy machine take, but does count the compiler's and the collector's threads.
 */
export type TimeOf = "wall" | "cpu";

export function nowMs(of: TimeOf): number {
  if (of === "wall") return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Repeats `work`, which returns how many units it did, for about `sampleMs` of wall time. Milliseconds per unit. */
export function msPerUnit(work: () => number, sampleMs: number, of: TimeOf): number {
  const until = performance.now() + sampleMs;
  const began = nowMs(of);
  let units = 0;
  do units += work();
  while (performance.now() < until);
  return (nowMs(of) - began) / units;
}

/** As `msPerUnit`, for work that waits: one after another. */
export async function msPerUnitAsync(
  work: () => Promise<number>,
  sampleMs: number,
  of: TimeOf,
): Promise<number> {
  const until = performance.now() + sampleMs;
  const began = nowMs(of);
  let units = 0;
  do units += await work();
  while (performance.now() < until);
  return (nowMs(of) - began) / units;
}

export async function wallMs(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Milliseconds by a clock that all processes of this machine share and that nobody sets. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** How long each of `times` takes, one after another. */
export async function eachMs(times: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  const ms: number[] = [];
  for (let i = 0; i < times; i++) ms.push(await wallMs(work));
  return ms;
}
