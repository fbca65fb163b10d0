import type { Json, ProcessEvent, ProcessId } from "@pawl/core";
import type { Clock, Processes } from "@pawl/core/ports";
import { createBell } from "./bell.ts";

/** How often the log is looked at when no hint comes, in milliseconds. */
const POLL_MS = 1_000;

/** What others say to a running body: signals by name, in order, and a request for its end. */
export interface ProcessFeed {
  /** Steps that earlier entries recorded. */
  readonly steps: ReadonlyMap<string, Json>;
  readonly cancelled: boolean;
  /** The signal of this name and ordinal (from 1), as soon as there is one. Rejects when the feed ends. */
  signal(name: string, ordinal: number): Promise<Json>;
  /** There may be something new. */
  look(): void;
  /** `why` is asked for what those that still wait for a signal are told. */
  stop(why: () => unknown): void;
}

/**
 * Reads the log of a process from its begin and follows it. Resolves when what is there has been read. `nothingUntil`: up to this event
 * there is nothing for a body, so that it need not be read.
 */
export async function followProcess(
  processes: Processes,
  id: ProcessId,
  options: {
    readonly clock: Clock;
    readonly onCancel: () => void;
    readonly onError: (thrown: unknown) => void;
    readonly nothingUntil?: number;
  },
): Promise<ProcessFeed> {
  const { clock, nothingUntil } = options;
  const steps = new Map<string, Json>();
  const signals = new Map<string, Json[]>();
  const waiting = new Set<{ readonly look: () => void; readonly fail: (reason: unknown) => void }>();
  const bell = createBell(clock);
  let isOver = false;
  let cancelled = false;
  let head = nothingUntil ?? 0;
  let told: () => unknown = () => undefined;

  function take({ seq, body }: ProcessEvent): void {
    head = seq;
    if (body.type === "step_done") steps.set(body.stepId, body.value);
    if (body.type === "signal") signals.set(body.name, [...(signals.get(body.name) ?? []), body.payload]);
    if (body.type === "cancel_requested") cancelled = true;
  }

  async function read(): Promise<void> {
    const before = cancelled;
    for (const event of await processes.events(id, { after: head })) take(event);
    if (cancelled && !before) options.onCancel();
    for (const one of waiting) one.look();
  }

  async function follow(): Promise<void> {
    while (!isOver) {
      await bell.wait(POLL_MS);
      bell.reset();
      if (isOver) return;
      // A store that does not answer now is asked again; what the body writes says so loudly enough.
      await read().catch(options.onError);
    }
  }

  const unlisten = processes.onChange((changed) => {
    if (changed === undefined || changed === id) bell.ring();
  });
  try {
    if (nothingUntil === undefined) await read();
  } catch (thrown) {
    unlisten();
    throw thrown;
  }
  void follow();
  return {
    steps,
    get cancelled() {
      return cancelled;
    },
    signal(name, ordinal) {
      return new Promise((resolve, reject) => {
        const entry = {
          look() {
            const all = signals.get(name) ?? [];
            if (all.length < ordinal) return;
            waiting.delete(entry);
            resolve(all[ordinal - 1]!);
          },
          fail(reason: unknown) {
            waiting.delete(entry);
            reject(reason);
          },
        };
        waiting.add(entry);
        if (isOver) entry.fail(told());
        else entry.look();
      });
    },
    look: bell.ring,
    stop(why) {
      if (isOver) return;
      isOver = true;
      unlisten();
      told = why;
      for (const one of [...waiting]) one.fail(why());
      bell.stop();
    },
  };
}
