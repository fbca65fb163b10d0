import { inputIdsOfTurn, PawlError, type SessionId, standard, type TurnId, turnIdOfInput } from "@pawl/core";
import type { Clock, EndedTurn, InputRecord, NewId, Store } from "@pawl/core/ports";
import { loadTurnRecord, redactTurnRecord, replayTurn } from "@pawl/effects/turn-driver";
import { describeLetters, lettersOf } from "./dead-letters.ts";
import { endedInput } from "./ended-input.ts";
import { createWake } from "./follow-log.ts";
import { followTree } from "./follow-tree.ts";
import { acceptFork } from "./fork.ts";
import type { HostObserver } from "./observer.ts";
import { agentsAtWork, openWaits } from "./open-waits.ts";
import type { SessionNames } from "./session-names.ts";
import { effectsOf } from "./turn-effects.ts";
import type { Turn } from "./turn-handle.ts";
import type { TurnExplanation, TurnResult } from "./turn-result.ts";

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

/** `sent`: the input that begins it, for whoever has just sent it. */
export function createTurnHandle(id: TurnId, options: TurnHandleOptions, sent?: InputRecord): Turn {
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

  /** `soon`: what it waits for is about to be known, and no hint will say when. */
  async function resultNow(record: InputRecord): Promise<TurnResult | "soon" | undefined> {
    const turnId = turnOf(record);
    const committed = await store.sessions.loadCommitted(turnId);
    if (committed !== null) return resultOfEnded(turnId, names.shown(record.sessionId), committed);
    const session = await store.sessions.load(record.sessionId);
    if (session === null) return undefined;
    if (session.openTurn !== turnId) return endWithoutTurn(record);
    const facts = { turnId, sessionId: names.shown(record.sessionId) };
    if (session.blocked !== null) return { ...facts, status: "blocked", ...session.blocked };
    if (!session.parked) return undefined;
    const open = await openWaits(store, names, record.sessionId, turnId);
    if (open === "moving") return "soon";
    if ("code" in open) return { ...facts, status: "blocked", ...open };
    // All are answered, and the turn goes on as soon as somebody claims it: it does not wait any more.
    return open.waits.length === 0 ? undefined : { ...facts, status: "waiting", waits: open.waits };
  }

  /** Of an input that will never be consumed. */
  async function endWithoutTurn({ inputId }: InputRecord): Promise<TurnResult | "soon" | undefined> {
    const ended = await endedInput(store.inbox, inputId);
    if (ended === undefined) return undefined;
    if ("into" in ended) return resultNow(ended.into);
    const { code, message, sessionId } = ended;
    return { turnId: id, sessionId: names.shown(sessionId), status: "blocked", code, message };
  }

  return {
    id,
    async result({ signal } = {}) {
      const first = sent ?? (await input());
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
        // Looked at again, since it may have ended before anybody listened. What is queued still is told of from here on.
        const isQueued = async () => (await input()).state === "queued";
        if (first.state === "queued" && (await unlessTold(isQueued())) === true) await wake.wait(pollMs);
        for (;;) {
          signal?.throwIfAborted();
          // It was ended in this process: there is nothing to look up.
          if (ended !== undefined) return resultOfEnded(id, names.shown(first.sessionId), ended);
          wake.reset();
          const look = async () => resultNow(first.turnId === id ? first : await input());
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
      const now = await resultNow(record);
      return explain(options, turnOf(record), record, now === "soon" ? undefined : now);
    },
  };
}

function resultOfEnded(turnId: TurnId, sessionId: SessionId, { receipt, usage }: EndedTurn): TurnResult {
  const { outcome } = receipt;
  if (outcome === null) {
    throw new PawlError("store_corrupt_row", `The last boundary of turn ${turnId} has no outcome.`, {
      blame: "infrastructure",
    });
  }
  return { turnId, sessionId, usage, receipt, ...outcome };
}

const PAUSED = {
  why: "Its session is paused.",
  advice: "Resume the session, with `host.session(id).resume()`: it goes on where it was.",
};

async function explain(
  { store, names, clock, driving }: TurnHandleOptions,
  turnId: TurnId,
  record: InputRecord,
  result: TurnResult | undefined,
): Promise<TurnExplanation> {
  if (result !== undefined) return explainEnd(store, names, turnId, record, result);
  const session = await store.sessions.load(record.sessionId);
  const paused = session?.paused === true;
  if (session?.openTurn === turnId) {
    const agents = session.parked ? await agentsAtWork(store, record.sessionId, turnId) : [];
    if (agents.length > 0) return { turnId, state: "running", why: whyWaitingFor(agents) };
    if (driving(record.sessionId)) return { turnId, state: "running", why: "This process drives it." };
    if (session.holder !== null) {
      const last = paused ? " It is paused, and goes no further than the end of this turn." : "";
      return { turnId, state: "running", why: `Node ${session.holder} drives it.${last}` };
    }
    if (paused) return { turnId, state: "running", ...PAUSED };
    const advice = "Start a host on this store: it goes on where it was.";
    return { turnId, state: "running", why: "It was begun, and no node drives it now.", advice };
  }
  if (paused) return { turnId, state: "queued", ...PAUSED };
  if (record.at !== undefined && record.at > clock.now()) {
    return { turnId, state: "queued", why: `It begins at ${new Date(record.at).toISOString()}.` };
  }
  if (session?.openTurn) {
    const why = `Turn ${session.openTurn} of the same session comes first.`;
    const advice = session.parked
      ? "Answer what that turn waits for, or cancel it."
      : "Wait for it, or cancel it.";
    return { turnId, state: "queued", why, advice };
  }
  if (driving(record.sessionId)) {
    return { turnId, state: "queued", why: "It is being prepared: its tools are being connected." };
  }
  const advice = "Start a host on this store: it begins at once.";
  return { turnId, state: "queued", why: "No node has begun it yet.", advice };
}

function whyWaitingFor(agents: Awaited<ReturnType<typeof agentsAtWork>>): string {
  const named = agents.map(({ agent, turnId }) => `agent "${agent}" (turn ${turnId})`);
  return `It waits for ${named.join(" and ")}.`;
}

/** A commit may have left something behind that needs somebody, long after its turn is over. */
async function explainEnd(
  { outbox }: Store<never>,
  names: SessionNames,
  turnId: TurnId,
  { sessionId }: InputRecord,
  result: TurnResult,
): Promise<TurnExplanation> {
  const explained = explainResult(turnId, result);
  const letters = "receipt" in result ? await lettersOf(outbox, sessionId, names, turnId) : [];
  if (letters.length === 0) return { ...explained, result };
  return {
    ...explained,
    why: `${explained.why} ${describeLetters(letters)}`,
    advice: "Mend what refused it and try it again with `host.deadLetters.retry(id)`, or `discard` it.",
    result,
    deadLetters: letters,
  };
}

function explainResult(turnId: TurnId, result: TurnResult): TurnExplanation {
  switch (result.status) {
    case "completed":
      return { turnId, state: "completed", why: "It ended with an answer." };
    case "failed":
      return { turnId, state: "failed", why: `${result.code}: ${result.message}` };
    case "cancelled":
      return { turnId, state: "cancelled", why: `It was cancelled by ${result.evidence.origin}.` };
    case "waiting": {
      const what = result.waits.map(({ reason, path }) => {
        const by = path?.at(-1);
        const type = reason.type.replaceAll("_", " ");
        return by === undefined ? type : `${type} of agent "${by.agent}" (turn ${by.turnId})`;
      });
      return {
        turnId,
        state: "waiting",
        why: `It waits for: ${what.join(", ")}.`,
        advice: "Answer it, or cancel the turn.",
      };
    }
    case "blocked": {
      if (result.code.startsWith("input_")) return { turnId, state: "blocked", why: result.message };
      const advice = "Start a node with the code that began this turn, or cancel the turn.";
      return { turnId, state: "blocked", why: `${result.code}: ${result.message}`, advice };
    }
  }
}
