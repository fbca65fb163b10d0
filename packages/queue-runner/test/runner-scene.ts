import { sessionId } from "@pawl/core";
import { createQueueRunner, type QueueRunnerOptions } from "@pawl/queue-runner";
import { manualClock, recordingLogger } from "@pawl/testing";
import { expect } from "vitest";
import { type Answer, recordingHandle } from "./recording-handle.ts";

export const root = sessionId("root");
export const other = sessionId("other");
export const STARTUP = { reason: "startup", traceIdle: false };
export const POLL = { reason: "poll", traceIdle: false };

export function setUp(answers: Iterable<Answer> = [], options: Partial<QueueRunnerOptions> = {}) {
  const clock = manualClock();
  const logger = recordingLogger();
  const handle = recordingHandle(answers, options.handle);
  const middle = () => 0.5;
  const runner = createQueueRunner({ clock, logger, random: middle, ...options, handle });
  /** What was asked for once everything that can settle has settled. */
  const asked = async () => {
    await clock.advance(0);
    return handle.taken();
  };
  return { clock, logger, handle, runner, asked };
}

export async function started(answers: Iterable<Answer> = [], options: Partial<QueueRunnerOptions> = {}) {
  const all = setUp([{ type: "idle" }, ...answers], options);
  all.runner.start();
  expect(await all.asked()).toMatchObject([STARTUP]);
  return all;
}
