import { sessionPrefix } from "@pawl/core";
import type { InputRecord, SessionRecord, Sessions } from "@pawl/core/ports";
import { noteNeed } from "./claim-policy.ts";
import { commitBoundary } from "./commit-boundary.ts";
import { commitLifecycle } from "./commit-lifecycle.ts";
import type { MemoryContext } from "./context.ts";
import { conflict } from "./errors.ts";
import { holdSession } from "./fence.ts";
import { frozenCopy } from "./frozen-copy.ts";
import { changeInput } from "./input-rows.ts";
import { checkNewRow, checkRows } from "./log-rows.ts";
import { lastDigest, type SessionRow, type TurnRow, touch } from "./memory-state.ts";
import { requestCancel } from "./request-cancel.ts";
import type { Sections } from "./sections.ts";

export function sessionSections(context: MemoryContext): Sections<Sessions> {
  const { state, hints, now } = context;
  return {
    load(sessionId) {
      const session = state.sessions.get(sessionId);
      return session === undefined ? null : recordOf(session, now());
    },

    list({ limit, owner }) {
      const prefix = owner === undefined ? "" : sessionPrefix(owner);
      const sessions = [...state.sessions.values()]
        .filter(({ sessionId }) => sessionId.startsWith(prefix))
        .sort((a, b) => b.used - a.used);
      return sessions.slice(0, Math.max(0, limit)).map((session) => recordOf(session, now()));
    },

    setPaused(sessionId, paused) {
      const session = state.sessions.get(sessionId);
      if (session === undefined) return false;
      session.paused = paused;
      noteNeed(state, session);
      if (session.need !== null) hints.work(sessionId);
      return true;
    },

    loadSessionSnapshot(sessionId) {
      const session = state.sessions.get(sessionId);
      if (session === undefined) return null;
      return Object.freeze({ revision: session.revision, messages: Object.freeze([...session.messages]) });
    },

    loadRuntimeState(sessionId) {
      return state.sessions.get(sessionId)?.runtimeState ?? null;
    },

    persistRuntimeState(sessionId, to) {
      commitLifecycle(context, sessionId, to, []);
    },

    commitLifecycle(sessionId, to, inputs = []) {
      return commitLifecycle(context, sessionId, to, inputs);
    },

    counts({ owner } = {}) {
      const prefix = owner === undefined ? "" : sessionPrefix(owner);
      const own = [...state.sessions.values()].filter(({ sessionId }) => sessionId.startsWith(prefix));
      const open = own.filter(({ openTurn }) => openTurn !== null);
      const blocked = open.filter((session) => session.blocked !== null).length;
      const parked = open.filter((session) => session.blocked === null && session.parked).length;
      const queued = own.flatMap((session) => session.queued.map((id) => state.inputs.get(id)!));
      const due = queued.map(({ acceptedAt, at = 0 }) => Math.max(acceptedAt, at));
      return {
        sessions: own.length,
        runningTurns: open.length - blocked - parked,
        parkedTurns: parked,
        blockedTurns: blocked,
        queuedInputs: queued.length,
        oldestDueMs: due.reduce((oldest, at) => Math.max(oldest, now() - at), 0),
      };
    },

    transcript(sessionId, from = 0) {
      return state.sessions.get(sessionId)?.messages.slice(Math.max(0, from)) ?? [];
    },

    beginTurn(fence, given) {
      const at = now();
      const session = holdSession(state, fence, at);
      const { turnId } = given;
      if (
        session.openTurn?.turnId === turnId &&
        checkRows(session, fence, turnId, [given.row]).length === 0
      ) {
        // The same again by the same holder: its answer was lost.
        return;
      }
      if (session.openTurn !== null) {
        throw conflict(`Turn "${session.openTurn.turnId}" of "${session.sessionId}" is open: end it first.`);
      }
      if (state.turns.has(turnId)) throw conflict(`Turn id "${turnId}" was used before: ids are single-use.`);
      const staged = new Set(given.inputIds);
      if (staged.size !== given.inputIds.length) throw conflict("An input can begin a turn only once.");
      const inputs = given.inputIds.map((id): InputRecord => {
        const input = state.inputs.get(id);
        if (input?.sessionId !== session.sessionId || input.state !== "queued") {
          throw conflict(`Input "${id}" is not queued in "${session.sessionId}".`);
        }
        return Object.freeze({ ...input, state: "staged", turnId });
      });
      const config = state.configs.get(given.configHash) ?? frozenCopy(given.config, "The configuration");
      const written = checkNewRow(session, fence, turnId, given.row);
      const { body } = written.row;
      const turn: TurnRow = {
        turnId,
        sessionId: session.sessionId,
        behaviour: body.kind === "machine_input" ? (body.turn?.behaviour ?? null) : null,
        begunAt: at,
        committed: null,
        pruned: null,
      };

      state.configs.set(given.configHash, config);
      state.turns.set(turnId, turn);
      for (const input of inputs) changeInput(state, session, input, at);
      session.openTurn = turn;
      session.log.push(written);
      if (session.runtimeState !== "running") {
        session.restState = session.runtimeState;
        session.runtimeState = "running";
      }
      touch(state, session);
      noteNeed(state, session);
      hints.appended(session.sessionId);
    },

    loadConfig(hash) {
      return state.configs.get(hash) ?? null;
    },

    commit(fence, boundary) {
      return commitBoundary(context, fence, boundary);
    },

    loadBoundaryReceipt(sessionId, runId, sequence) {
      return state.sessions.get(sessionId)?.runs.get(runId)?.[sequence] ?? null;
    },

    loadCommitted(turnId) {
      return state.turns.get(turnId)?.committed ?? null;
    },

    receipts(sessionId) {
      return [...(state.sessions.get(sessionId)?.receipts ?? [])];
    },

    requestCancel: (turnId, request) => requestCancel(context, turnId, request),

    pendingCancel(turnId) {
      return state.cancels.get(turnId) ?? null;
    },
  };
}

function recordOf(session: SessionRow, now: number): SessionRecord {
  const { owner } = session;
  return Object.freeze({
    sessionId: session.sessionId,
    runtimeState: session.runtimeState,
    revision: session.revision,
    messageCount: session.messages.length,
    lastDigest: lastDigest(session),
    openTurn: session.openTurn?.turnId ?? null,
    parked: session.parked,
    blocked: session.blocked,
    paused: session.paused,
    holder: owner !== null && owner.nonce !== null && owner.expiresAt > now ? owner.nodeId : null,
    createdAt: session.createdAt,
  });
}
