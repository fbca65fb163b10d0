import {
  childIds,
  type LogRow,
  loadJsonDigest,
  PawlError,
  type SessionId,
  type TurnId,
  type TurnState,
} from "@pawl/core";
import type { Boundary, Clock, CommitResult, Fence, Sessions } from "@pawl/core/ports";
import { cancelChild } from "../executors/child-turn-executor.ts";
import { parentsWait } from "./parents-wait.ts";
import type { SessionLane } from "./session-lane.ts";
import type { TurnRun } from "./turn-run.ts";

interface CommitOptions {
  readonly run: TurnRun;
  readonly lane: SessionLane;
  readonly sessions: Sessions;
  readonly clock: Clock;
}

/**
 * Commits a finished turn wholly or not at all. A cancel that came before the gate could be sealed turns it into its cancelled form,
 * as a row like any other input, and that is committed instead (D18).
 */
export async function commitTurn({ run, lane, sessions, clock }: CommitOptions): Promise<void> {
  await stopAgents(run, lane.sessionId, sessions);
  const first = await commit(run, lane, sessions, clock);
  if (first.status === "committed") return;
  if (first.status === "cancelled_first") {
    await run.feed({ type: "cancel_requested", now: clock.now(), evidence: first.evidence });
    const second = await commit(run, lane, sessions, clock);
    if (second.status === "committed") return;
  }
  throw new PawlError("internal_error", "A cancelled turn was refused because of its own cancel request.", {
    blame: "pawl",
  });
}

/** Before the commit, so that a crash in between does not forget them (D18): whoever comes next asks again. */
async function stopAgents({ state }: TurnRun, sessionId: SessionId, sessions: Sessions): Promise<void> {
  if (state.delegated === undefined) return;
  const digest = await loadJsonDigest();
  const reason = state.cancel?.reason ?? "The turn that it works for has ended.";
  const children = state.delegated.map(({ key }) => childIds(key, sessionId, digest).turnId);
  await Promise.all(children.map((child) => cancelChild(sessions, child, reason)));
}

async function commit(
  run: TurnRun,
  lane: SessionLane,
  sessions: Sessions,
  clock: Clock,
): Promise<CommitResult> {
  const { state } = run;
  const { sessionId } = lane;
  const settles = await parentsWait(state.parent, { sessionId, turnId: turnIdOf(state) });
  return lane.exclusive(async (seq) => {
    const value = await sessions.commit(lane.fence, { ...boundaryOf(state, seq, clock), ...settles });
    return { used: value.status === "committed" ? 1 : 0, value };
  });
}

/**
 * Commits a turn together with the rows that end it, which come right before its last one: one transaction in place of two. False: nothing
 * was written, because a steering input or a cancel was there first, or because more follows from the end of this turn than its commit;
 * then the rows are written by themselves.
 */
export async function commitWithRows(
  state: TurnState,
  before: readonly LogRow[],
  { fence, sessions, clock }: { readonly fence: Fence } & Pick<CommitOptions, "sessions" | "clock">,
): Promise<boolean> {
  const isAllThereIs =
    state.delegated === undefined && state.left === undefined && state.parent === undefined;
  if (!isAllThereIs || state.consumed.length !== 1) return false;
  const boundary = boundaryOf(state, before.at(-1)!.seq + 1, clock);
  const { status } = await sessions.commit(fence, { ...boundary, before });
  return status === "committed";
}

function boundaryOf(state: TurnState, seq: number, clock: Clock): Boundary {
  const turnId = turnIdOf(state);
  return {
    runId: turnId,
    boundary: "turn_end",
    outcome: state.phase.name === "finished" ? state.phase.outcome : null,
    usage: state.usage,
    delta: { baseRevision: state.base.revision, messages: state.delta },
    inputIds: state.consumed,
    ...(state.left && { outbox: state.left.map((message) => ({ type: "message", ...message })) }),
    row: ({ sequence, digest }) => ({
      seq,
      turnId,
      ordinal: null,
      at: clock.now(),
      body: { kind: "turn_committed", sequence, digest },
    }),
  };
}

function turnIdOf(state: TurnState): TurnId {
  return state.turnId as TurnId;
}
