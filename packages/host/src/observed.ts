import {
  inputIdsOfTurn,
  type JsonDigest,
  loadJsonDigest,
  type TurnId,
  type TurnOutcome,
  turnIdOfInput,
} from "@pawl/core";
import type { Clock, Store } from "@pawl/core/ports";
import type { EffectContext, EffectExecutor, Executors } from "@pawl/effects";
import type { HostObserver, ObservedTurn } from "./observer.ts";
import { readTurnRequest } from "./turn-request.ts";

/** Turns whose trace a process keeps at hand. */
const MOST_KNOWN_TURNS = 1_000;

interface TurnFacts extends ObservedTurn {
  readonly acceptedAt: number;
  /** From when on it could have begun. */
  readonly dueAt: number;
}

export interface Observed {
  readonly executors: (executors: Executors) => Executors;
  /** For the turn driver: tells of turns that begin and end. */
  readonly store: <Tx>(store: Store<Tx>) => Store<Tx>;
  /** The trace of a turn that works for another; absent where nobody looks on. */
  readonly traceOf?: (child: Place, parent: Place) => Promise<string>;
}

type Place = Pick<ObservedTurn, "sessionId" | "turnId">;

/** Lets an observer look on; without one everything stays as it is. */
export function observed(
  observer: HostObserver | undefined,
  inbox: Store["inbox"],
  clock: Pick<Clock, "now">,
): Observed {
  if (observer === undefined) return { executors: (given) => given, store: (given) => given };
  const known = new Map<string, Promise<TurnFacts>>();

  function factsOf(sessionId: string, turnId: string): Promise<TurnFacts> {
    const found = known.get(turnId);
    if (found !== undefined) return found;
    const loading = load(sessionId, turnId);
    known.set(turnId, loading);
    loading.catch(() => known.delete(turnId));
    const [oldest] = known.keys();
    if (known.size > MOST_KNOWN_TURNS && oldest !== undefined) known.delete(oldest);
    return loading;
  }

  async function load(sessionId: string, turnId: string): Promise<TurnFacts> {
    const made = traceOfId(await loadJsonDigest(), turnId);
    for (const inputId of inputIdsOfTurn(turnId as TurnId)) {
      const input = await inbox.load(inputId);
      if (input === null || turnIdOfInput(input.inputId) !== turnId) continue;
      const { trace = made } = readTurnRequest(input.content.environment);
      const { acceptedAt, at = 0 } = input;
      return { sessionId, turnId, traceparent: trace, acceptedAt, dueAt: Math.max(acceptedAt, at) };
    }
    const now = clock.now();
    return { sessionId, turnId, traceparent: made, acceptedAt: now, dueAt: now };
  }

  function executors(given: Executors): Executors {
    const { effect } = observer as HostObserver;
    if (effect === undefined) return given;
    const wrapped = Object.entries(given).map(([kind, executor]) => {
      const perform = executor as EffectExecutor;
      const watched: EffectExecutor = async (envelope, context) => {
        const { turn } = context;
        if (turn === undefined) return perform(envelope, context);
        const {
          acceptedAt: _acceptedAt,
          dueAt: _dueAt,
          ...facts
        } = await factsOf(turn.sessionId, turn.turnId);
        const { effectId, command } = envelope;
        return effect.call(observer, { ...facts, effectId, command, config: turn.config }, (onRetry) =>
          perform(
            envelope,
            onRetry === undefined ? context : { ...context, onReset: both(onRetry, context.onReset) },
          ),
        );
      };
      return [kind, watched];
    });
    return Object.fromEntries(wrapped) as Executors;
  }

  function store<Tx>(given: Store<Tx>): Store<Tx> {
    return {
      ...given,
      sessions: {
        ...given.sessions,
        async beginTurn(fence, turn) {
          await given.sessions.beginTurn(fence, turn);
          tellBegin(fence.sessionId, turn.turnId, clock.now());
        },
        async commit(fence, boundary) {
          const result = await given.sessions.commit(fence, boundary);
          const { outcome, usage, runId } = boundary;
          if (result.status === "committed" && boundary.boundary === "turn_end" && outcome !== null) {
            await tellEnd(fence.sessionId, runId, outcome, usage);
          }
          return result;
        },
      },
    };
  }

  function tellBegin(sessionId: string, turnId: string, now: number): void {
    if (observer?.turnBegins === undefined) return;
    factsOf(sessionId, turnId).then(
      ({ dueAt }) => observer.turnBegins?.({ sessionId, turnId, lagMs: Math.max(0, now - dueAt) }),
      // It has begun, whether its trace can be had or not.
      () => {},
    );
  }

  async function tellEnd(
    sessionId: string,
    turnId: string,
    outcome: TurnOutcome,
    usage: Parameters<NonNullable<HostObserver["turnEnded"]>>[0]["usage"],
  ): Promise<void> {
    if (observer?.turnEnded === undefined) return;
    // It is committed, whether its trace can be had or not.
    const facts = await factsOf(sessionId, turnId).catch(() => undefined);
    if (facts !== undefined) {
      const { dueAt: _dueAt, ...turn } = facts;
      observer.turnEnded({ ...turn, outcome, usage });
    }
    known.delete(turnId);
  }

  /** A turn that another one hands work to is in its trace, whoever drives it. */
  async function traceOf(child: Place, parent: Place): Promise<string> {
    const { traceparent } = await factsOf(parent.sessionId, parent.turnId);
    return observer?.traceparent?.({ ...child, parent: traceparent }) ?? traceparent;
  }

  return { executors, store, traceOf };
}

type OnReset = NonNullable<EffectContext["onReset"]>;

function both(first: OnReset, second: OnReset | undefined): OnReset {
  return (failure) => {
    first(failure);
    second?.(failure);
  };
}

/** W3C Trace Context, level 1: version, 16 bytes of trace, 8 of parent, sampled. */
function traceOfId(digest: JsonDigest, turnId: string): string {
  const hex = digest({ trace: turnId });
  return `00-${hex.slice(0, 32)}-${hex.slice(32, 48)}-01`;
}
