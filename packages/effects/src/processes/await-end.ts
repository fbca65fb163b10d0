import { PawlError, type ProcessEnd, type ProcessId } from "@pawl/core";
import type { Clock, Processes } from "@pawl/core/ports";
import { processUnknown } from "../errors.ts";
import { createBell } from "./bell.ts";

/** A hint may be lost: the record is looked at again after this long, in milliseconds, and then ever more seldom. */
const FIRST_POLL_MS = 100;
const LONGEST_POLL_MS = 5_000;

/**
 * Resolves when the process has ended, wherever it runs. Stops waiting when `signal` aborts; that does nothing to the process. `here`:
 * how it ends where it runs in this process of the operating system, or null when it is left to others; then nobody has to be asked.
 *
 * @throws PawlError `process_unknown`, `process_await_stopped`
 */
export async function awaitProcessEnd(
  processes: Processes,
  id: ProcessId,
  {
    clock,
    signal,
    here,
  }: {
    readonly clock: Clock;
    readonly signal?: AbortSignal | undefined;
    readonly here?: Promise<ProcessEnd | null> | undefined;
  },
): Promise<ProcessEnd> {
  const bell = createBell(clock, signal);
  let heard: ProcessEnd | null = null;
  const unlisten = processes.onChange((changed, record) => {
    if (changed !== undefined && changed !== id) return;
    heard ??= record?.end ?? null;
    bell.ring();
  });
  void here?.then((end) => {
    heard ??= end;
    bell.ring();
  });
  // The first look is not needed where the end is told; later ones are taken whatever was thought.
  let needsLook = here === undefined;
  try {
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(2 * pollMs, LONGEST_POLL_MS)) {
      if (signal?.aborted) {
        const message =
          "Nobody waits for this background task any more; it goes on. Ask for its result again.";
        throw new PawlError("process_await_stopped", message, { cause: signal.reason });
      }
      bell.reset();
      if (heard !== null) return heard;
      if (needsLook) {
        const record = await processes.load(id, { watch: true });
        if (record === null) throw processUnknown(id);
        if (record.end !== null) return record.end;
      }
      needsLook = true;
      await bell.wait(pollMs);
    }
  } finally {
    unlisten();
    bell.stop();
  }
}
