import { inputIdsOfTurn, PawlError, type SessionId, standard, type TurnId, turnIdOfInput } from "@pawl/core";
import type { Clock, EndedTurn, InputRecord, NewId, Store } from "@pawl/core/ports";
import { loadTurnRecord, redactTurnRecord, replayTurn } from "@pawl/effects/turn-driver";
import { endedInput } from "./ended-input.ts";
import { explainTurn } from "./explain-turn.ts";
import { createWake } from "./follow-log.ts";
import { followTree } from "./follow-tree.ts";
import { acceptFork } from "./fork.ts";
import type { HostObserver } from "./observer.ts";
import type { SessionNames } from "./session-names.ts";
import { effectsOf } from "./turn-effects.ts";
import type { Turn } from "./turn-handle.ts";
import { resultOfEnded, turnStanding, turnStandingOrHeld } from "./turn-standing.ts";

export interface TurnHandleOptions {
  readonly store: Store<never>;
  /** Whose handle it is: turns of sessions that it does not see are unknown to it. */
  readonly names: SessionNames;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly hold: () => () => void;
  /** Lets this process drive, and look at the session now. */
  readonly poke: (sessionId: SessionId, reason: string) => void;
  readonly observer?: HostObserver | undefined;
  /** Something will be due at this time, milliseconds since the epoch. */
  readonly due: (at: number) => void;
  /** Whether this process is at work on the session now. */
  readonly driving: (sessionId: SessionId) => boolean;
}

/**
 * How long a turn's state is not looked at when no hint comes, in milliseconds. Each time longer: thousands may wait at once, whose looks
 * would be all that the database does, and who has waited for long can wait a third as long again.
 */
const FIRST_POLL_MS = 200;
const LAST_POLL_MS = 5_000;
const POLL_GROWTH = 1.5;
/** The end of a turn that was begun here is told here: how long it is not looked for, in milliseconds. */
const TOLD_WITHIN_MS = 50;

/** What is known of a turn by whoever has just sent the input that begins it. */
export interface SentTurn {
  readonly input: InputRecord;
  /** This process began to drive it with that. */
  readonly here: boolean;
}

export function createTurnHandle(id: TurnId, options: TurnHandleOptions, sent?: SentTurn): Turn {
  const { store, names, clock, newId, hold, poke, driving } = options;

  async function input(): Promise<InputRecord> {
    for (const inputId of inputIdsOfTurn(id)) {
      const record = await store.inbox.load(inputId);
      if (record !== null && turnIdOfInput(record.inputId) === id && names.sees(record.sessionId))
        return record;
    }
    throw new PawlError(
      "turn_unknown",
      `There is no turn "${id}". Check the id, and the database that you look in.`,
    );
  }

  /** The turn that the input began, or the one that it was steered into. */
  const turnOf = (record: InputRecord): TurnId => record.turnId ?? id;

  return {
    id,
    async result({ signal } = {}) {
      const first = sent?.input ?? (await input());
      if (!driving(first.sessionId)) poke(first.sessionId, "result");
      const wake = createWake(clock, signal);
      let ended: EndedTurn | undefined;
      const told = Promise.withResolvers<"soon">();
      const unlisten = store.leases.onRest(first.sessionId, (end) => {
        if (end?.receipt.runId === id) {
          ended = end;
          told.resolve("soon");
        }
        wake.now();
      });
      // Whoever is told while he looks does not wait for what he would see.
      const unlessTold = <T>(look: Promise<T>) => Promise.race([look, told.promise]);
      const release = hold();
      let pollMs = FIRST_POLL_MS;
      try {
        if (sent?.here === true && driving(first.sessionId)) await wake.wait(TOLD_WITHIN_MS);
        // Looked at again, since it may have ended before anybody listened. What is queued still is told of from here on.
        const isQueued = async () => (await input()).state === "queued";
        if (ended === undefined && first.state === "queued" && (await unlessTold(isQueued())) === true)
          await wake.wait(pollMs);
        for (;;) {
          signal?.throwIfAborted();
          // It was ended in this process: there is nothing to look up.
          if (ended !== undefined) return resultOfEnded(id, names.shown(first.sessionId), ended);
          wake.reset();
          const look = async () =>
            turnStandingOrHeld(id, first.turnId === id ? first : await input(), options);
          const result = await unlessTold(look());
          if (result !== undefined && result !== "soon") return result;
          if (result === "soon") pollMs = FIRST_POLL_MS;
          await wake.wait(pollMs);
          pollMs = Math.min(pollMs * POLL_GROWTH, LAST_POLL_MS);
        }
      } finally {
        unlisten();
        wake.cancel();
        release();
      }
    },
    async *events(events = {}) {
      const record = await input();
      poke(record.sessionId, "events");
      yield* followTree({
        ...events,
        shown: names.shown,
        log: store.log,
        clock,
        hold,
        sessionId: record.sessionId,
        turnId: turnOf(record),
        isOver: async () => (await endedInput(store.inbox, record.inputId)) !== undefined,
      });
    },
    async cancel({ reason, origin = "host" } = {}) {
      const record = await input();
      const outcome = await store.sessions.requestCancel(turnOf(record), {
        requestId: newId(),
        origin,
        ...(reason !== undefined && { reason }),
      });
      poke(record.sessionId, "cancel");
      return outcome;
    },
    async record({ redact = false } = {}) {
      const record = await input();
      const loaded = await loadTurnRecord(store, record.sessionId, turnOf(record));
      return redact ? redactTurnRecord(loaded) : loaded;
    },
    async replay() {
      const record = await input();
      return replayTurn(await loadTurnRecord(store, record.sessionId, turnOf(record)), standard());
    },
    async fork(fork) {
      const record = await input();
      const accepted = await acceptFork({ store, names, newId, input: record, turnId: turnOf(record) }, fork);
      poke(accepted.sessionId, "fork");
      const turn = createTurnHandle(turnIdOfInput(accepted.inputId), options);
      return { ...turn, sessionId: names.shown(accepted.sessionId) };
    },
    async effects() {
      const record = await input();
      const turnId = turnOf(record);
      const begun = await store.log.read(record.sessionId, { turnId, limit: 1 });
      return begun.length === 0 ? [] : effectsOf(await loadTurnRecord(store, record.sessionId, turnId));
    },
    async input() {
      const record = await input();
      return { ...record, sessionId: names.shown(record.sessionId) };
    },
    async explain() {
      const record = await input();
      const now = await turnStanding(id, record, options);
      return explainTurn(options, turnOf(record), record, now === "soon" ? undefined : now);
    },
  };
}
