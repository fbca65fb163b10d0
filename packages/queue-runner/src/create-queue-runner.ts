import { type QueueRunner, type QueueRunnerOptions, scheduleRuns } from "./queue-runner.ts";
import { runSessionQueue, type SessionQueueOptions } from "./session-queue.ts";

/**
 * Decides which session runs now. With `handle` whatever that claims and runs; with `queue` and `drive` the sessions of a store, under
 * a node lease that is kept while this runner lives: claimed, driven, left, and claimed again when somebody sends them something.
 */
export function createQueueRunner(options: QueueRunnerOptions | SessionQueueOptions): QueueRunner {
  return "handle" in options ? scheduleRuns(options) : runSessionQueue(options);
}
