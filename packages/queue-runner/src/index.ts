// The scheduler
export { type ClaimFacts, type ClaimMode, claimMode } from "./claim-modes.ts";
export { createQueueRunner } from "./create-queue-runner.ts";
// What it schedules by default: claimed sessions under this node's lease
export {
  createLeaseKeeper,
  type KeptLease,
  type LeaseKeeper,
  type LeaseKeeperOptions,
} from "./lease-keeper.ts";
export type { QueueRunner, QueueRunnerOptions } from "./queue-runner.ts";
export type { RunHandle, RunOutcome, RunRequest } from "./run-handle.ts";
export type { SessionQueueOptions } from "./session-queue.ts";
export { createSessionWorker, type SessionWorker, type SessionWorkerOptions } from "./session-worker.ts";
export {
  createTimerLoop,
  type DueReport,
  type TimerLoop,
  type TimerLoopOptions,
} from "./timers/timer-loop.ts";
