import {
  type AgentStep,
  type EffectId,
  type EventCursor,
  eventsOfRow,
  formatEventCursor,
  PawlError,
  parseEventCursor,
  type SessionId,
  type TurnEvent,
  type TurnId,
} from "@pawl/core";
import { type FollowOptions, followLog } from "./follow-log.ts";

const PAGE = 500;
const NOWHERE: EventCursor = { own: "", agents: new Map() };

interface Branch {
  readonly step: AgentStep;
  readonly effectId: EffectId;
  /** How far its events were seen. */
  cursor: EventCursor;
  readonly events: AsyncGenerator<TurnEvent, void, void>;
}

type Source = Branch | "own";

export interface FollowTreeOptions extends FollowOptions {
  /** How whoever looks calls a session. */
  readonly shown: (sessionId: SessionId) => SessionId;
}

/**
 * Events of a session or a turn and of every agent that works for it, past and coming. Each log is told in its own order; an agent's
 * end is told before the turn above goes on with its answer. An event's id says how far all of them were seen, so whoever goes on after
 * it misses nothing and meets nothing twice (D22: logs hold a pointer, and views merge).
 *
 * @throws PawlError `invalid_event_id` when `after` is not the id of an event
 */
export async function* followTree(options: FollowTreeOptions): AsyncGenerator<TurnEvent, void, void> {
  const after = options.after ? parseEventCursor(options.after) : NOWHERE;
  if (after === undefined) {
    const message = `"${options.after}" is not the id of an event. Pass the id of the last event seen.`;
    throw new PawlError("invalid_event_id", message, { blame: "peer" });
  }
  const over = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, over.signal]) : over.signal;
  const branches = new Map<TurnId, Branch>();
  const pending = new Map<Source, Promise<{ source: Source; next: IteratorResult<TurnEvent, void> }>>();
  const own = followLog({ ...options, signal, after: after.own });
  let position = after.own;
  /** An event of ours that tells an answer whose agent was not seen to end yet. */
  let held: TurnEvent | undefined;

  const ask = (source: Source) => {
    const events = source === "own" ? own : source.events;
    pending.set(
      source,
      events.next().then((next) => ({ source, next })),
    );
  };
  const open = (step: AgentStep, effectId: EffectId, cursor: EventCursor) => {
    const { sessionId, turnId } = step;
    const events = followTree({ ...options, signal, sessionId, turnId, after: formatEventCursor(cursor) });
    const branch: Branch = { step, effectId, cursor, events };
    branches.set(turnId, branch);
    ask(branch);
  };
  const shownStep = (step: AgentStep): AgentStep => ({ ...step, sessionId: options.shown(step.sessionId) });
  const shownEvent = (event: TurnEvent): TurnEvent => {
    if (event.type !== "wait.opened" || event.reason.type !== "agent") return event;
    return { ...event, reason: { ...event.reason, sessionId: options.shown(event.reason.sessionId) } };
  };
  const cursorNow = (): EventCursor => ({
    own: position,
    agents: new Map([...branches].map(([turnId, { cursor }]) => [turnId, cursor])),
  });
  const awaited = (event: TurnEvent) =>
    event.type === "wait.settled" &&
    event.resolution === "ok" &&
    [...branches.values()].some(({ effectId }) => effectId === event.effectId);

  try {
    for (const [step, effectId] of await stepsBefore(options, after)) {
      const cursor = after.agents.get(step.turnId);
      if (cursor !== undefined) open(step, effectId, cursor);
    }
    ask("own");
    while (pending.size > 0) {
      const { source, next } = await Promise.race(pending.values());
      pending.delete(source);
      if (source !== "own") {
        if (next.done === true) {
          branches.delete(source.step.turnId);
        } else {
          const { value: event } = next;
          const ended = event.type === "turn.committed" && event.path === undefined;
          source.cursor = parseEventCursor(event.id) ?? source.cursor;
          if (ended) {
            branches.delete(source.step.turnId);
            leave(source.events);
          } else ask(source);
          const path = [shownStep(source.step), ...(event.path ?? [])];
          yield { ...event, id: formatEventCursor(cursorNow()), path };
        }
      } else if (next.done === true) {
        return;
      } else {
        held = next.value;
      }
      if (held === undefined || awaited(held)) continue;
      const event = held;
      held = undefined;
      position = event.id;
      const step = stepOf(event);
      if (step !== undefined) open(...step, NOWHERE);
      yield { ...shownEvent(event), id: formatEventCursor(cursorNow()) };
      ask("own");
    }
  } finally {
    over.abort();
    for (const work of pending.values()) work.catch(() => {});
    for (const events of [own, ...[...branches.values()].map((branch) => branch.events)]) leave(events);
  }
}

/** A follower that is not asked again still holds its process and its listeners until it is told. */
function leave(events: AsyncGenerator<TurnEvent, void, void>): void {
  events.return().catch(() => {});
}

/** A wait for another agent begins: to whom, and which effect of ours waits. */
function stepOf(event: TurnEvent): readonly [AgentStep, EffectId] | undefined {
  if (event.type !== "wait.opened" || event.reason.type !== "agent") return undefined;
  const { agent, callId, sessionId, turnId } = event.reason;
  return [{ agent, callId, sessionId, turnId }, event.effectId];
}

/** The agents that had begun by where the follower is; looked up only when some of them were not seen to end. */
async function stepsBefore(
  { log, sessionId, turnId }: FollowOptions,
  { own, agents }: EventCursor,
): Promise<readonly (readonly [AgentStep, EffectId])[]> {
  const steps: (readonly [AgentStep, EffectId])[] = [];
  const last = Number.parseInt(own, 10);
  for (let after = 0; agents.size > steps.length && after < last; ) {
    const rows = await log.read(sessionId, { after, limit: PAGE, ...(turnId && { turnId }) });
    for (const row of rows) {
      for (const event of eventsOfRow(row)) {
        const step = stepOf(event);
        if (step !== undefined && agents.has(step[0].turnId)) steps.push(step);
      }
    }
    after = rows.at(-1)?.seq ?? last;
  }
  return steps;
}
