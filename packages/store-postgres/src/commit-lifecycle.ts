import {
  sessionId as checkedSessionId,
  checkRuntimeTransition,
  drivesTurns,
  type InputId,
  type NewInputState,
  type RuntimeState,
  type SessionId,
} from "@pawl/core";
import type { StoreContext } from "./context.ts";
import { conflict } from "./errors.ts";
import { checkedState, checkUnused, upsert } from "./input-ledger.ts";
import { textColumn } from "./rows/column.ts";
import { endSession } from "./statements/end-session.ts";
import { lockLine } from "./statements/lock-line.ts";
import { lockRuntimeState } from "./statements/lock-runtime-state.ts";
import { requestCancel } from "./statements/request-cancel.ts";
import { setRuntimeState } from "./statements/set-runtime-state.ts";

/** One transaction. After a lost answer it finds what it did: the state is the same, and so are the inputs. */
export async function commitLifecycle(
  context: StoreContext,
  given: SessionId,
  to: RuntimeState,
  inputs: readonly NewInputState[],
): Promise<{ readonly abandoned: readonly InputId[] }> {
  const { database, hints, channels } = context;
  const sessionId = checkedSessionId(given);
  const states = inputs.map(checkedState);
  if (new Set(states.map(({ inputId }) => inputId)).size !== states.length) {
    throw conflict("An input can be changed only once by one lifecycle commit.");
  }
  const stranger = states.find((input) => input.sessionId !== sessionId);
  if (stranger !== undefined) {
    throw conflict(`Input "${stranger.inputId}" is of session "${stranger.sessionId}".`);
  }
  const ended = await database.transaction("commit_lifecycle", async (tx) => {
    await checkUnused(tx, sessionId, null);
    await tx.run(lockLine, [sessionId]);
    const [session] = await tx.run(lockRuntimeState, [sessionId]);
    if (session !== undefined) checkRuntimeTransition(session.runtime_state as RuntimeState, to);
    for (const input of states) await upsert(context, tx, input, session, false);
    await tx.run(setRuntimeState, [sessionId, to, channels.work]);
    if (drivesTurns(to)) return { abandoned: [], agents: [] };
    const evidence = {
      requestId: `lifecycle ${sessionId}`,
      requestedAt: Date.now(),
      origin: "lifecycle",
      reason: to,
    };
    const rows = await tx.run(endSession, [sessionId, to, JSON.stringify(evidence), channels.log]);
    const where = `Session "${sessionId}"`;
    const abandoned = rows
      .filter((row) => row.input_id !== null)
      .map((row) => textColumn(row, "input_id", where) as InputId);
    // With it or not at all: whoever waits for them is gone, and nobody else would ask for their end (D18).
    const agents: SessionId[] = [];
    for (const row of rows.filter((row) => row.agent_turn !== null)) {
      const turn = textColumn(row, "agent_turn", where);
      const why = `The session that it works for is ${to}.`;
      const [asked] = await tx.run(requestCancel, [turn, `parent of ${turn}`, "parent", why, channels.work]);
      if (asked?.session_id != null) agents.push(asked.session_id as SessionId);
    }
    return { abandoned, agents };
  });
  for (const agent of ended.agents) hints.work(agent);
  hints.work(sessionId);
  hints.appended(sessionId);
  hints.rested(sessionId);
  return { abandoned: ended.abandoned };
}
