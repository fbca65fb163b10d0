import { PawlError, type SessionId, type TurnId } from "@pawl/core";
import type { EndedTurn, InputRecord, SessionRecord, Store } from "@pawl/core/ports";
import { endedInput } from "./ended-input.ts";
import { openWaits } from "./open-waits.ts";
import type { SessionNames } from "./session-names.ts";
import type { TurnResult } from "./turn-result.ts";

/** `soon`: what it waits for is about to be known, and no hint will say when. Undefined: it moves, or is about to. */
export type Standing = TurnResult | "soon" | undefined;

export interface TurnStandingOptions {
  readonly store: Pick<Store, "inbox" | "sessions" | "awaits">;
  readonly names: SessionNames;
  /** Whether this process is at work on the session now. */
  readonly driving: (sessionId: SessionId) => boolean;
}

/** How a turn stands that was begun by `record`, or that `record` was steered into. */
export async function turnStanding(
  id: TurnId,
  record: InputRecord,
  options: TurnStandingOptions,
): Promise<Standing> {
  return (await lookAt(id, record, options)).standing;
}

/** As `turnStanding`, and also of a turn that does not move before somebody resumes its session or settles the turn that comes first. */
export async function turnStandingOrHeld(
  id: TurnId,
  record: InputRecord,
  options: TurnStandingOptions,
): Promise<Standing> {
  const { standing, session } = await lookAt(id, record, options);
  if (standing !== undefined || session === null) return standing;
  return heldBack(record.turnId ?? id, record, session, options);
}

interface Look {
  readonly standing: Standing;
  /** Null where its session's row was not needed, or there is none. */
  readonly session: SessionRecord | null;
}

async function lookAt(id: TurnId, record: InputRecord, options: TurnStandingOptions): Promise<Look> {
  const { store, names } = options;
  const turnId = record.turnId ?? id;
  const committed = await store.sessions.loadCommitted(turnId);
  if (committed !== null)
    return { standing: resultOfEnded(turnId, names.shown(record.sessionId), committed), session: null };
  const session = await store.sessions.load(record.sessionId);
  if (session === null) return { standing: undefined, session };
  if (session.openTurn === turnId) return { standing: await openStanding(turnId, session, options), session };
  return { standing: await endWithoutTurn(id, record, options), session };
}

/** Of an input that will never be consumed. */
async function endWithoutTurn(
  id: TurnId,
  { inputId }: InputRecord,
  options: TurnStandingOptions,
): Promise<Standing> {
  const ended = await endedInput(options.store.inbox, inputId);
  if (ended === undefined) return undefined;
  if ("into" in ended) return turnStanding(id, ended.into, options);
  const { code, message, sessionId } = ended;
  return { turnId: id, sessionId: options.names.shown(sessionId), status: "blocked", code, message };
}

async function openStanding(
  turnId: TurnId,
  session: SessionRecord,
  { store, names }: TurnStandingOptions,
): Promise<Standing> {
  const facts = { turnId, sessionId: names.shown(session.sessionId) };
  if (session.blocked !== null) return { ...facts, status: "blocked", ...session.blocked };
  if (!session.parked) return undefined;
  const open = await openWaits(store, names, session.sessionId, turnId);
  if (open === "moving") return "soon";
  if ("code" in open) return { ...facts, status: "blocked", ...open };
  // All are answered, and the turn goes on as soon as somebody claims it: it does not wait any more.
  return open.waits.length === 0 ? undefined : { ...facts, status: "waiting", waits: open.waits };
}

async function heldBack(
  turnId: TurnId,
  record: InputRecord,
  session: SessionRecord,
  options: TurnStandingOptions,
): Promise<Standing> {
  const { names, driving } = options;
  const facts = { turnId, sessionId: names.shown(session.sessionId) };
  const first = session.openTurn;
  // What is under way when its session is paused is still driven to its end.
  const driven = first === turnId && (session.holder !== null || driving(session.sessionId));
  if (session.paused && !driven) return { ...facts, status: "blocked", ...PAUSED };
  // An interrupt waits for nobody: it ends the wait that it meets (D16).
  if (first === null || first === turnId || record.delivery === "interrupt") return undefined;
  const before = await openStanding(first, session, options);
  if (before === undefined || before === "soon") return before;
  if (before.status === "waiting")
    return { ...before, ...facts, waits: before.waits.map((wait) => ({ ...wait, behind: first })) };
  if (before.status !== "blocked") return undefined;
  return { ...before, ...facts, message: `Turn ${first} of its session comes first. ${before.message}` };
}

const PAUSED = {
  code: "session_paused",
  message: "Its session is paused. Resume it with `host.session(id).resume()`: it goes on where it was.",
};

export function resultOfEnded(
  turnId: TurnId,
  sessionId: SessionId,
  { receipt, usage }: EndedTurn,
): TurnResult {
  const { outcome } = receipt;
  if (outcome === null) {
    throw new PawlError("store_corrupt_row", `The last boundary of turn ${turnId} has no outcome.`, {
      blame: "infrastructure",
    });
  }
  return { turnId, sessionId, usage, receipt, ...outcome };
}
