import type { TurnId } from "../ids.ts";
import { parseEventId } from "./turn-event.ts";

/**
 * Where somebody is who follows a turn and the agents that work for it: the last event seen of its own, and the same for each agent
 * whose end was not seen. As text it is the id of an event: `12.0`, or `12.0[turn_ab=3.1,turn_cd=]` while agents work.
 */
export interface EventCursor {
  /** Of the turn's own events; empty before the first. */
  readonly own: string;
  readonly agents: ReadonlyMap<TurnId, EventCursor>;
}

const MAX_CURSOR_CHARS = 16_384;
const OWN = /^(?:\d{1,15}(?:\.\d{1,6})?)?/;
const AGENT = /^[\w:.-]{1,200}=/;

export function formatEventCursor({ own, agents }: EventCursor): string {
  if (agents.size === 0) return own;
  const inner = [...agents].map(([turnId, cursor]) => `${turnId}=${formatEventCursor(cursor)}`);
  return `${own}[${inner.join(",")}]`;
}

/** @returns undefined for text that is not the id of an event */
export function parseEventCursor(text: string): EventCursor | undefined {
  if (text.length > MAX_CURSOR_CHARS) return undefined;
  const read = readCursor(text);
  return read?.rest === "" && read.cursor.own !== "" ? read.cursor : undefined;
}

interface Read {
  readonly cursor: EventCursor;
  readonly rest: string;
}

function readCursor(text: string, depth = 0): Read | undefined {
  const own = OWN.exec(text)?.[0] ?? "";
  if (own !== "" && parseEventId(own) === undefined) return undefined;
  const agents = new Map<TurnId, EventCursor>();
  let rest = text.slice(own.length);
  if (!rest.startsWith("[")) return { cursor: { own, agents }, rest };
  if (depth > 50) return undefined;
  do {
    rest = rest.slice(1);
    const name = AGENT.exec(rest)?.[0];
    if (name === undefined) return undefined;
    const inner = readCursor(rest.slice(name.length), depth + 1);
    if (inner === undefined) return undefined;
    agents.set(name.slice(0, -1) as TurnId, inner.cursor);
    rest = inner.rest;
  } while (rest.startsWith(","));
  return rest.startsWith("]") ? { cursor: { own, agents }, rest: rest.slice(1) } : undefined;
}
