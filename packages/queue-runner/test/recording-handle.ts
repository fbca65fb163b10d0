import type { SessionId } from "@pawl/core";
import type { RunHandle, RunOutcome, RunRequest } from "@pawl/queue-runner";

export type Answer = RunOutcome | Error | Promise<RunOutcome> | (() => RunOutcome);

export interface RecordingHandle extends RunHandle {
  /** What was asked for and not looked at by the test yet, in order. */
  taken(): readonly RunRequest[];
}

/** Answers from a script, then `idle` for ever. */
export function recordingHandle(
  answers: Iterable<Answer> = [],
  more: Partial<RunHandle> = {},
): RecordingHandle {
  const script = [...answers];
  const asked: RunRequest[] = [];
  return {
    ...more,
    taken: () => asked.splice(0),
    async runQueuedWork(request) {
      asked.push(request);
      const answer = script.shift() ?? { type: "idle" };
      if (answer instanceof Error) throw answer;
      return typeof answer === "function" ? answer() : answer;
    },
  };
}

export function submitted(sessionId: SessionId, ...others: SessionId[]): RunOutcome {
  return { type: "submitted", sessionId, ...(others.length > 0 && { others }) };
}
