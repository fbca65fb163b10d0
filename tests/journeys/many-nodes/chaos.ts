import { seededRandom } from "@pawl/testing";
import type { Worker } from "./fleet.ts";

export interface ChaosReport {
  kills: number;
  pauses: number;
  restarts: number;
  resets: number;
  silences: number;
  /** Of the first worker's clock alone. */
  jumps: number;
}

export interface ChaosOptions {
  readonly forMs: number;
  readonly seed: number;
  readonly leaseTtlMs: number;
}

const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * For `forMs` each worker is killed, held, cut off or restarted again and again, each on its own, and the clock of one jumps; in the end all run. The waits
 * are the faults' own times, nothing waits for a condition by them.
 */
export async function chaos(
  workers: readonly Worker[],
  { forMs, seed, leaseTtlMs }: ChaosOptions,
): Promise<ChaosReport> {
  const report: ChaosReport = { kills: 0, pauses: 0, restarts: 0, resets: 0, silences: 0, jumps: 0 };
  const endsAt = performance.now() + forMs;
  await Promise.all(
    workers.map(async (worker, index) => {
      const random = seededRandom(seed + index);
      while (performance.now() < endsAt) {
        await pass(200 + random() * 1_200);
        if (index === 0) {
          report.jumps += 1;
          worker.jumpClock();
        }
        const fault = random();
        if (fault < 0.3) {
          report.kills += 1;
          await worker.kill();
          await pass(random() * 500);
          await worker.start();
        } else if (fault < 0.55) {
          report.pauses += 1;
          worker.pause();
          // Some shorter than the lease, some longer: those wake up as somebody who lost everything.
          await pass(random() * 2 * leaseTtlMs);
          worker.resume();
        } else if (fault < 0.7) {
          report.resets += 1;
          worker.network.reset();
        } else if (fault < 0.85) {
          report.silences += 1;
          worker.network.freeze();
          await pass(random() * 2 * leaseTtlMs);
          worker.network.thaw();
        } else {
          report.restarts += 1;
          await worker.stop();
          await worker.start();
        }
      }
    }),
  );
  return report;
}
