import { PawlError, type ProcessEnd, type ProcessId } from "@pawl/core";
import type { Clock, Processes } from "@pawl/core/ports";
import { processUnknown } from "../errors.ts";
import { createBell } from "./bell.ts";

/** A hint may be lost: the record is looked at again after this long, in milliseconds, and then ever more seldom. */
const FIRST_POLL_MS = 100;
const LONGEST_POLL_MS = 2_000;

/**
 * Resolves when the process has ended, wherever it runs. Stops waiting when `signal` aborts; that does nothing to the process.
 *
 * @throws PawlError `process_unknown`, `process_await_stopped`
 */
export async function awaitProcessEnd(
  processes: Processes,
  id: ProcessId,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<ProcessEnd> {
  const bell = createBell(clock, signal);
  const unlisten = processes.onChange((changed) => {
    if (changed === undefined || changed === id) bell.ring();
  });
  try {
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(2 * pollMs, LONGEST_POLL_MS)) {
      if (signal?.aborted) {
        const message =
          "Nobody waits for this background task any more; it goes on. Ask for its result again.";
        throw new PawlError("process_await_stopped", message, { cause: signal.reason });
      }
      bell.reset();
      const record = await processes.load(id);
      if (record === null) throw processUnknown(id);
      if (record.end !== null) return record.end;
      await bell.wait(pollMs);
    }
  } finally {
    unlisten();
    bell.stop();
  }
}
