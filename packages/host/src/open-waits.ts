import {
  type AgentStep,
  isControlWait,
  isInnerWait,
  type SessionId,
  type TurnId,
  type WaitReason,
} from "@pawl/core";
import type { AwaitEventRecord, Store } from "@pawl/core/ports";
import type { SessionNames } from "./session-names.ts";
import type { OpenWait } from "./turn-result.ts";

type Stores = Pick<Store, "awaits" | "sessions">;
const MOST = 100;

/** What a parked turn waits for. */
export type OpenWaits =
  | { readonly waits: readonly OpenWait[] }
  /** An agent that works for it is at work. */
  | "moving"
  | { readonly code: string; readonly message: string };

/** The unanswered waits of a turn and, with their path, of the agents that work for it. */
export async function openWaits(
  store: Stores,
  names: Pick<SessionNames, "shown">,
  sessionId: SessionId,
  turnId: TurnId,
): Promise<OpenWaits> {
  const pending = await pendingOf(store, sessionId, turnId);
  const waits: OpenWait[] = pending
    .filter(({ wait }) => !isInnerWait(wait))
    .map(({ keyId, info }) => ({ id: keyId, reason: info as unknown as WaitReason }));
  for (const step of pending.flatMap(stepOf)) {
    const below = await waitsOfAgent(store, names, step);
    if (below === "moving" || "code" in below) return below;
    const shown = { ...step, sessionId: names.shown(step.sessionId) };
    for (const wait of below.waits) waits.push({ ...wait, path: [shown, ...(wait.path ?? [])] });
  }
  return { waits };
}

/** The agents that work for a turn now. */
export async function agentsAtWork(
  store: Stores,
  sessionId: SessionId,
  turnId: TurnId,
): Promise<readonly AgentStep[]> {
  return (await pendingOf(store, sessionId, turnId)).flatMap(stepOf);
}

async function waitsOfAgent(
  store: Stores,
  names: Pick<SessionNames, "shown">,
  { agent, sessionId, turnId }: AgentStep,
): Promise<OpenWaits> {
  const session = await store.sessions.load(sessionId);
  if (session === null || session.openTurn !== turnId) return "moving";
  if (session.blocked !== null) {
    const { code, message } = session.blocked;
    return { code, message: `Agent "${agent}" (turn ${turnId}) is blocked: ${message}` };
  }
  if (!session.parked) return "moving";
  const open = await openWaits(store, names, sessionId, turnId);
  // Answered, and not yet driven on.
  return open !== "moving" && "waits" in open && open.waits.length === 0 ? "moving" : open;
}

async function pendingOf(
  { awaits }: Stores,
  sessionId: SessionId,
  turnId: TurnId,
): Promise<readonly AwaitEventRecord[]> {
  const pending = await awaits.pending({ sessionId, limit: MOST });
  return pending.filter((event) => event.turnId === turnId && !isControlWait(event.wait));
}

/** The wait for an agent, as the turn registered it. */
function stepOf({ wait, info }: AwaitEventRecord): readonly AgentStep[] {
  if (wait.type !== "child_turn") return [];
  const { agent, callId, sessionId, turnId } = info as unknown as Extract<WaitReason, { type: "agent" }>;
  return [{ agent, callId, sessionId, turnId }];
}
