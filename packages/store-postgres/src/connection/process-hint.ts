import type { ProcessId } from "@pawl/core";

// What is said on the channel of background tasks: who says it, and of which tasks. Lines, since no id has a line break.

/** PostgreSQL takes less than 8,000 bytes. */
const MOST_BYTES = 7_000;

export interface ProcessHint {
  /** The store that wrote: it has told its own listeners already. */
  readonly origin: string;
  readonly processIds: readonly ProcessId[];
}

/** As few payloads as they have room in. */
export function processHints(origin: string, processIds: readonly ProcessId[]): readonly string[] {
  const payloads: string[] = [];
  let payload = "";
  for (const id of processIds) {
    if (payload === "" || Buffer.byteLength(payload) + Buffer.byteLength(id) >= MOST_BYTES) {
      if (payload !== "") payloads.push(payload);
      payload = origin;
    }
    payload += `\n${id}`;
  }
  return payload === "" ? payloads : [...payloads, payload];
}

export function readProcessHint(payload: string): ProcessHint {
  const [origin = "", ...processIds] = payload.split("\n") as ProcessId[];
  return { origin, processIds };
}
