import type { Message } from "../../conversation/message.ts";

/** How far a turn's messages were looked through. */
interface Scan {
  readonly ids: Set<string>;
  length: number;
  last: Message;
}

/**
 * A memo and no state: what it holds can be had from the messages at any time. Messages are made once, by the step that appends
 * them, so two lists with the same message at the same place are the same up to there, and only what came behind it is new.
 */
const SCANS = new WeakMap<Message, Scan>();

/** The ids of all calls in a turn's messages. Costs what was appended since it was last asked, not what the turn has. */
export function usedCallIds(delta: readonly Message[]): ReadonlySet<string> {
  const [first] = delta;
  const last = delta.at(-1);
  if (first === undefined || last === undefined) return new Set();
  const known = SCANS.get(first);
  const goesOn = known !== undefined && delta[known.length - 1] === known.last;
  const scan: Scan = goesOn ? known : { ids: new Set(), length: 0, last };
  for (const { role, parts } of delta.slice(scan.length)) {
    if (role !== "assistant") continue;
    for (const part of parts) if (part.type === "tool_call") scan.ids.add(part.callId);
  }
  scan.length = delta.length;
  scan.last = last;
  SCANS.set(first, scan);
  return scan.ids;
}
