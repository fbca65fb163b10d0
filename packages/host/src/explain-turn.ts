import type { SessionId, TurnId } from "@pawl/core";
import type { Clock, InputRecord, Store } from "@pawl/core/ports";
import { describeLetters, lettersOf } from "./dead-letters.ts";
import { agentsAtWork } from "./open-waits.ts";
import type { SessionNames } from "./session-names.ts";
import type { TurnExplanation, TurnResult } from "./turn-result.ts";

export interface ExplainOptions {
  readonly store: Store<never>;
  readonly names: SessionNames;
  readonly clock: Clock;
  /** Whether this process is at work on the session now. */
  readonly driving: (sessionId: SessionId) => boolean;
}

const PAUSED = {
  why: "Its session is paused.",
  advice: "Resume the session, with `host.session(id).resume()`: it goes on where it was.",
};

/** Why a turn is not moving, and what to do. `result`: how it stands, once it does not move any more. */
export async function explainTurn(
  { store, names, clock, driving }: ExplainOptions,
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
