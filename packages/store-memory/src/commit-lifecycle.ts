import {
  sessionId as checkedSessionId,
  checkRuntimeTransition,
  drivesTurns,
  type InputId,
  isTerminalInput,
  type NewInputState,
  type RuntimeState,
  type SessionId,
  type TurnId,
  tombstoneOf,
} from "@pawl/core";
import { endWaitsOfTurn } from "./await-events.ts";
import { noteNeed } from "./claim-policy.ts";
import type { MemoryContext } from "./context.ts";
import { conflict, sessionErased } from "./errors.ts";
import { applyUpsert, planUpsert } from "./input-ledger.ts";
import { changeInput } from "./input-rows.ts";
import { newSession, type SessionRow, touch } from "./memory-state.ts";
import { requestCancel } from "./request-cancel.ts";

/** Everything that can fail comes before the first change. */
export function commitLifecycle(
  context: MemoryContext,
  sessionId: SessionId,
  to: RuntimeState,
  inputs: readonly NewInputState[],
): { readonly abandoned: readonly InputId[] } {
  const { state, hints, now, bytesDigest } = context;
  checkedSessionId(sessionId);
  const known = state.sessions.get(sessionId);
  if (state.erased.has(tombstoneOf("session", sessionId, bytesDigest))) throw sessionErased(sessionId);
  if (known !== undefined) checkRuntimeTransition(known.runtimeState, to);
  if (new Set(inputs.map(({ inputId }) => inputId)).size !== inputs.length) {
    throw conflict("An input can be changed only once by one lifecycle commit.");
  }
  const plans = inputs.map((input) => {
    if (input.sessionId !== sessionId) {
      throw conflict(`Input "${input.inputId}" is of session "${input.sessionId}".`);
    }
    return planUpsert(context, input, false);
  });

  const at = now();
  const session = known ?? newSession(state, sessionId, at);
  for (const plan of plans) applyUpsert(context, plan, at);
  if (to === "running" && session.runtimeState !== "running") session.restState = session.runtimeState;
  session.runtimeState = to;
  const abandoned = drivesTurns(to) ? [] : cutOff(context, session, to as "stopped" | "destroyed", at);
  touch(state, session);
  noteNeed(state, session);
  hints.work(sessionId);
  return { abandoned };
}

/** Nothing of the session goes on: its inputs, its open turn, what that waited for, the agents that work for it, its holder. */
function cutOff(
  context: MemoryContext,
  session: SessionRow,
  reason: "stopped" | "destroyed",
  at: number,
): readonly InputId[] {
  const { state, hints } = context;
  const open = session.inputs.filter((input) => !isTerminalInput(input.state));
  for (const input of open) {
    const outcome = Object.freeze({ type: "abandoned", reason } as const);
    changeInput(state, session, Object.freeze({ ...input, state: "abandoned" }), at, { outcome });
  }
  const turnId = session.openTurn?.turnId;
  if (turnId !== undefined) {
    // Its holder looks for a cancel request, and learns that it is fenced when it writes.
    const request = { requestId: `lifecycle ${turnId}`, requestedAt: at, origin: "lifecycle", reason };
    if (!state.cancels.has(turnId)) state.cancels.set(turnId, Object.freeze(request));
    const agents = endWaitsOfTurn(state, turnId, at).flatMap(({ wait }) =>
      wait.type === "child_turn" ? [wait.turnId as TurnId] : [],
    );
    for (const agent of agents) {
      const why = `The session that it works for is ${reason}.`;
      requestCancel(context, agent, { requestId: `parent of ${agent}`, origin: "parent", reason: why });
    }
    session.openTurn = null;
  }
  session.owner?.sessions.delete(session);
  session.owner = null;
  session.epoch += 1;
  session.parked = false;
  session.dueAt = null;
  session.wakeAt = null;
  session.blocked = null;
  hints.appended(session.sessionId);
  hints.rested(session.sessionId);
  return open.map(({ inputId }) => inputId);
}
