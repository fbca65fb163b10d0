// What its compiler makes into workflows and steps. It is copied and built on its own, so it imports nothing of ours.
import { appendFile } from "node:fs/promises";

/** Steps run in this process but in a bundle of their own. */
type Counted = typeof globalThis & { benchSteps?: number };

export async function chain(steps: number): Promise<number> {
  "use workflow";
  for (let i = 0; i < steps; i++) await count(i);
  return steps;
}

export async function filed(steps: number, file: string): Promise<void> {
  "use workflow";
  for (let i = 0; i < steps; i++) await write(i, file);
}

async function count(step: number): Promise<{ readonly done: number }> {
  "use step";
  const counted: Counted = globalThis;
  counted.benchSteps = (counted.benchSteps ?? 0) + 1;
  return { done: step };
}

/** As `performStep`. */
async function write(step: number, file: string): Promise<void> {
  "use step";
  await appendFile(file, `${step} ${Number(process.hrtime.bigint()) / 1e6}\n`);
  await new Promise((resolve) => setTimeout(resolve, 5));
}
