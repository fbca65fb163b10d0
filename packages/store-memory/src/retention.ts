import {
  attachmentRefsIn,
  type InputId,
  type PruneKind,
  type SessionId,
  type TurnId,
  tombstoneOf,
} from "@pawl/core";
import type { EraseStep, Retention, TokenRecord } from "@pawl/core/ports";
import { awaitSections, isApproval } from "./await-events.ts";
import { noteNeed } from "./claim-policy.ts";
import type { MemoryContext } from "./context.ts";
import { changeInput } from "./input-rows.ts";
import { jobSections } from "./jobs.ts";
import type { MemoryState, NodeRow, SessionRow, TurnRow, WrittenRow } from "./memory-state.ts";
import { pruneRows } from "./pruned-rows.ts";
import type { Sections } from "./sections.ts";

export function retentionSections(context: MemoryContext): Sections<Retention> {
  const { state, hints, now, bytesDigest } = context;
  const awaits = awaitSections(context);

  /** What is prunable, each with how to delete it. */
  function prunable(kind: PruneKind, before: number): readonly (() => void)[] {
    switch (kind) {
      case "text":
        return endedTurns(before)
          .filter(({ pruned }) => pruned === null)
          .map((turn) => () => prune(turn, "text"));
      case "turns": {
        const sources = sourcesOfForks(state);
        return endedTurns(before)
          .filter(({ pruned, turnId }) => pruned !== "turn" && !sources.has(turnId))
          .map((turn) => () => prune(turn, "turn"));
      }
      case "waits":
        return [...state.awaits.values()]
          .filter(({ resolvedAt, turnId, info }) => {
            const isOpen = turnId !== null && state.turns.get(turnId)?.committed === null;
            return resolvedAt !== null && resolvedAt < before && !isOpen && !isApproval(info);
          })
          .map(
            ({ keyId }) =>
              () =>
                void state.awaits.delete(keyId),
          );
      case "tasks":
        return [...state.processes]
          .filter(([, { record }]) => record.endedAt !== null && record.endedAt < before)
          .map(
            ([id]) =>
              () =>
                void state.processes.delete(id),
          );
      case "jobs":
        return [...state.jobs.values()]
          .filter(({ record }) => record.endedAt !== null && record.endedAt < before)
          .map(() => () => void jobSections(context).prune(before, 1));
      case "attachments": {
        const kept = neededAttachments(state);
        const since = Math.min(before, ...openTurns(state).map(({ begunAt }) => begunAt));
        return [...state.attachments.keys()]
          .filter((ref) => !kept.has(ref) && (state.attachedAt.get(ref) ?? 0) < since)
          .map((ref) => () => dropAttachment(state, ref));
      }
      case "nodes":
        return [...state.nodes.values()]
          .filter((node) => node.expiresAt < Math.min(before, now()) && !isOwner(state, node))
          .map(
            ({ nodeId }) =>
              () =>
                void state.nodes.delete(nodeId),
          );
      case "tokens":
        return [...state.tokens.values()]
          .filter(({ record }) => notValidSince(record) < Math.min(before, now()))
          .map(
            ({ record }) =>
              () =>
                void state.tokens.delete(record.tokenId),
          );
    }
  }

  function endedTurns(before: number): readonly TurnRow[] {
    return [...state.turns.values()].filter(({ committed }) => (committed?.committedAt ?? before) < before);
  }

  function prune(turn: TurnRow, what: "text" | "turn"): void {
    const session = state.sessions.get(turn.sessionId);
    if (session !== undefined) pruneRows(session.log, turn.turnId, what);
    turn.pruned = what;
  }

  /** From here on nobody comes in: the id is taken, the keys are revoked, what is queued is given up, and an open turn shall end. */
  function condemn(session: SessionRow, at: number): void {
    const { sessionId } = session;
    const hash = tombstoneOf("session", sessionId, bytesDigest);
    if (!state.erased.has(hash)) {
      state.erased.set(hash, { erasedAt: at, chain: [], complete: false });
      awaits.revokeSession(sessionId);
    }
    for (const id of [...session.queued]) {
      const outcome = Object.freeze({ type: "abandoned", reason: "destroyed" } as const);
      const abandoned = Object.freeze({ ...state.inputs.get(id)!, state: "abandoned" as const });
      changeInput(state, session, abandoned, at, { outcome });
    }
    const turn = session.openTurn?.turnId;
    if (turn !== undefined && !state.cancels.has(turn)) {
      state.cancels.set(turn, Object.freeze({ requestId: "erase", requestedAt: at, origin: "erase" }));
      session.wakeAt = at;
    }
    noteNeed(state, session);
    hints.work(sessionId);
  }

  function erase(session: SessionRow): void {
    const { sessionId } = session;
    const chain = session.receipts.map(({ digest, previous }) => Object.freeze({ digest, previous }));
    const hash = tombstoneOf("session", sessionId, bytesDigest);
    const { erasedAt } = state.erased.get(hash)!;
    const attachments = attachmentsOfSession(session);
    for (const { inputId } of session.inputs) forget("input", inputId);
    for (const turn of [...state.turns.values()])
      if (turn.sessionId === sessionId) forget("turn", turn.turnId);
    for (const { keyId, sessionId: of } of [...state.awaits.values()]) {
      if (of === sessionId) state.awaits.delete(keyId);
    }
    for (const [id, { record }] of [...state.processes]) {
      const [grant, ...others] = record.grants;
      if (grant === sessionId && others.length === 0) state.processes.delete(id);
    }
    for (const [id, { record }] of [...state.outbox])
      if (record.sessionId === sessionId) state.outbox.delete(id);
    state.revokedSessions.delete(sessionId);
    session.runtimeState = "destroyed";
    session.need = null;
    state.sessions.delete(sessionId);
    const kept = neededAttachments(state);
    for (const ref of attachments) if (!kept.has(ref)) dropAttachment(state, ref);
    state.erased.set(hash, Object.freeze({ erasedAt, chain: Object.freeze(chain), complete: true }));
  }

  function forget(what: "input" | "turn", id: InputId | TurnId): void {
    state.tombstones.add(tombstoneOf(what, id, bytesDigest));
    if (what === "input") {
      state.inputs.delete(id as InputId);
      state.ledger.delete(id as InputId);
    } else {
      state.turns.delete(id as TurnId);
      state.cancels.delete(id as TurnId);
      state.awaitsOfTurn.delete(id as TurnId);
    }
  }

  return {
    prune({ kind, before, limit }) {
      const some = prunable(kind, before).slice(0, Math.max(0, limit));
      for (const remove of some) remove();
      return some.length;
    },

    countPrunable({ kind, before }) {
      return prunable(kind, before).length;
    },

    erase(sessionId: SessionId): EraseStep {
      const session = state.sessions.get(sessionId);
      if (session === undefined) {
        const done = state.erased.get(tombstoneOf("session", sessionId, bytesDigest));
        return done === undefined ? { status: "unknown" } : { status: "erased", session: done };
      }
      const at = now();
      condemn(session, at);
      if (session.owner !== null && lives(session.owner, at)) return { status: "busy" };
      erase(session);
      return {
        status: "erased",
        session: state.erased.get(tombstoneOf("session", sessionId, bytesDigest))!,
      };
    },

    erased(sessionId) {
      return state.erased.get(tombstoneOf("session", sessionId, bytesDigest)) ?? null;
    },
  };
}

function notValidSince({ expiresAt, revokedAt }: TokenRecord): number {
  return Math.min(expiresAt ?? Infinity, revokedAt ?? Infinity);
}

function lives(node: NodeRow, at: number): boolean {
  return node.nonce !== null && node.expiresAt > at;
}

function isOwner(state: MemoryState, { nodeId, sessions }: NodeRow): boolean {
  return sessions.size > 0 || [...state.processes.values()].some(({ owner }) => owner?.nodeId === nodeId);
}

function openTurns(state: MemoryState): readonly TurnRow[] {
  return [...state.turns.values()].filter(({ committed }) => committed === null);
}

/** Turns that a fork came from which could still be replayed beside them. */
function sourcesOfForks(state: MemoryState): ReadonlySet<string> {
  const sources = new Set<string>();
  for (const { log } of state.sessions.values()) {
    for (const written of log) {
      if (written?.row.ordinal !== 0 || written.row.body.kind !== "machine_input") continue;
      const source = written.row.body.turn?.forkOf?.turnId;
      if (source !== undefined) sources.add(source);
    }
  }
  return sources;
}

function attachmentsOfSession({ log, messages, inputs }: SessionRow): ReadonlySet<string> {
  const rows = log.filter((written): written is WrittenRow => written !== null).map(({ row }) => row.body);
  return attachmentRefsIn(JSON.stringify([rows, messages, inputs.map(({ content }) => content)]));
}

function neededAttachments(state: MemoryState): ReadonlySet<string> {
  const waiting = attachmentRefsIn(
    JSON.stringify([...state.outbox.values()].map(({ record }) => record.item)),
  );
  return new Set([
    ...[...state.sessions.values()].flatMap((session) => [...attachmentsOfSession(session)]),
    ...waiting,
  ]);
}

function dropAttachment(state: MemoryState, ref: string): void {
  state.attachments.delete(ref);
  state.attachedAt.delete(ref);
}
