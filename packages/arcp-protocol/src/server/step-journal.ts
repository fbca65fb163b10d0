import { canonicalJson } from "../envelope/canonical-json.ts";
import { parseTimestamp } from "../envelope/utc-timestamp.ts";
import { ArcpError } from "../errors.ts";
import type { JobLogEntry } from "../persistence/event-store.ts";

/** One step that was stored before the process that ran the job went away. */
export interface RecordedStep {
  kind: string;
  body: Record<string, unknown>;
  /** When it was made, milliseconds since the epoch. */
  at: number;
}

const PREFIX = "step:";

/**
 * What a handler does, step by step, with the job's own log as its journal: a handler that runs again after a restart is
 * answered from the log as far as that goes, and acts only from there on.
 *
 * J1 A step that is in the log is not made again: nothing is appended, performed, charged or delegated for it.
 * J2 Calls and delegations are recognised by their ids, all other events by their place among the others. A handler may
 *    therefore run calls side by side.
 * J3 A step that differs from the recorded one of the same key is a divergence: the job ends, it is not guessed.
 * J4 Waits are not in the log. A wait begins where the step before it ended, so that a restart neither shortens nor
 *    repeats it.
 */
export class StepJournal {
  readonly #recorded: Map<string, RecordedStep>;
  #others = 0;
  #live: boolean;
  /** Where the handler is in time, as long as everything is answered from the log. */
  #now: number;

  /** `startedAt`: milliseconds since the epoch, the same whenever the job is run. */
  constructor(entries: readonly JobLogEntry[], startedAt: number) {
    this.#recorded = new Map(entries.flatMap(readStep));
    this.#live = false;
    this.#now = startedAt;
  }

  /** What the log says of a call or a delegation. */
  recorded(kind: string, id: string): RecordedStep | undefined {
    return this.#recorded.get(`${kind}:${id}`);
  }

  /**
   * The handler makes a step: undefined when the log has it already, else the `source` to store it under.
   * Throws INTERNAL_ERROR when the log has another one in its place.
   */
  begin(kind: string, body: Record<string, unknown>): string | undefined {
    const key = this.#keyOf(kind, body);
    const before = this.#recorded.get(key);
    if (before === undefined) {
      this.#live = true;
      return `${PREFIX}${key}`;
    }
    if (before.kind !== kind || canonicalJson(before.body) !== canonicalJson(asStored(body))) {
      throw new ArcpError(
        "INTERNAL_ERROR",
        `after a restart the agent did something else than before (${kind} in place of ${before.kind}); submit the job again`,
      );
    }
    if (before.at > this.#now) this.#now = before.at;
    return undefined;
  }

  /** When a wait that begins now is over, milliseconds since the epoch (J4). */
  waitUntil(milliseconds: number, now: number): number {
    if (this.#live) return now + milliseconds;
    this.#now += milliseconds;
    return this.#now;
  }

  #keyOf(kind: string, body: Record<string, unknown>): string {
    const id = kind === "delegate" ? body.delegate_id : body.call_id;
    if ((kind === "tool_call" || kind === "tool_result" || kind === "delegate") && typeof id === "string") {
      return `${kind}:${id}`;
    }
    this.#others += 1;
    return `event:${this.#others}`;
  }
}

/** As it would come back from a log: without what JSON has no word for. */
function asStored(body: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify(body));
}

function readStep({ type, source, payload }: JobLogEntry): [string, RecordedStep][] {
  if (type !== "job.event" || source?.startsWith(PREFIX) !== true) return [];
  const { kind, ts, body } = JSON.parse(payload) as { kind: string; ts: string; body: RecordedStep["body"] };
  return [[source.slice(PREFIX.length), { kind, body, at: parseTimestamp(ts) ?? 0 }]];
}
