import {
  canonicalJson,
  decideResolve,
  type Json,
  type Resolution,
  type ResolvedBy,
  type SessionId,
  sessionPrefix,
  type TurnId,
  tombstoneOf,
} from "@pawl/core";
import type {
  AwaitEventMatch,
  AwaitEventRecord,
  AwaitEventRows,
  NewAwaitEvent,
  ResolveResult,
} from "@pawl/core/ports";
import { earliest, noteNeed } from "./claim-policy.ts";
import type { MemoryContext } from "./context.ts";
import { frozenCopy } from "./frozen-copy.ts";
import type { MemoryState } from "./memory-state.ts";
import type { Sections } from "./sections.ts";

export function awaitSections({ state, hints, now, bytesDigest }: MemoryContext): Sections<AwaitEventRows> {
  const isRevoked = (event: Pick<NewAwaitEvent, "keyId" | "sessionId">) =>
    state.revokedKeys.has(event.keyId) ||
    (event.sessionId !== null &&
      (state.revokedSessions.has(event.sessionId) ||
        state.erased.has(tombstoneOf("session", event.sessionId, bytesDigest))));

  function add(event: NewAwaitEvent): AwaitEventRecord {
    const fresh = { terminal: null, resolvedBy: null, createdAt: now(), resolvedAt: null };
    const record: AwaitEventRecord = frozenCopy({ ...event, ...fresh }, "The await-event");
    state.awaits.set(record.keyId, record);
    const { turnId } = record;
    if (turnId !== null && state.turns.get(turnId)?.committed == null) {
      state.awaitsOfTurn.set(turnId, (state.awaitsOfTurn.get(turnId) ?? new Set()).add(record.keyId));
    }
    return record;
  }

  function wake(sessionId: SessionId | null): void {
    const session = sessionId === null ? undefined : state.sessions.get(sessionId);
    if (session === undefined) return;
    session.wakeAt = earliest(session.wakeAt, now());
    noteNeed(state, session);
    hints.work(session.sessionId);
  }

  /** Writes the winner and marks the session for wake-up (D15). */
  function settle(record: AwaitEventRecord, terminal: Resolution, by: ResolvedBy): AwaitEventRecord {
    const at = now();
    const facts = { terminal, resolvedBy: by, resolvedAt: at };
    const settled: AwaitEventRecord = frozenCopy({ ...record, ...facts }, "The resolution");
    state.awaits.set(record.keyId, settled);
    hints.resolved(record.keyId);
    wake(record.sessionId);
    return settled;
  }

  return {
    register(event) {
      if (isRevoked(event)) return null;
      return state.awaits.get(event.keyId) ?? add(event);
    },

    resolve(keyId, resolution, by, event): ResolveResult {
      const known = state.awaits.get(keyId);
      const about = known ?? event;
      if (about === undefined || isRevoked(about)) return { status: "unknown_or_revoked" };
      const decision = decideResolve(known ? { ...known, revoked: false } : null, resolution, now());
      if (decision.type !== "write") {
        return known ? { status: "already_resolved", record: known } : { status: "unknown_or_revoked" };
      }
      const record = settle(known ?? add(about), decision.resolution, decision.expired ? SWEEPER : by);
      return { status: decision.expired ? "already_resolved" : "accepted", record };
    },

    resolveOpen(keyId, resolution, by, as) {
      const known = state.awaits.get(keyId);
      if (known === undefined || isRevoked(known) || !matches(known.info, as)) return undefined;
      const decision = decideResolve({ ...known, revoked: false }, resolution, now());
      if (decision.type !== "write" || decision.expired) return undefined;
      return settle(known, decision.resolution, by);
    },

    load(keyId) {
      const record = state.awaits.get(keyId);
      return record === undefined || isRevoked(record) ? null : record;
    },

    pending({ sessionId, owner, limit }) {
      const prefix = owner && sessionPrefix(owner);
      const open: AwaitEventRecord[] = [];
      for (const record of state.awaits.values()) {
        if (open.length >= limit) break;
        if (record.terminal !== null || isRevoked(record)) continue;
        if (prefix !== undefined && !record.sessionId?.startsWith(prefix)) continue;
        if (sessionId === undefined || record.sessionId === sessionId) open.push(record);
      }
      return open;
    },

    settleDue(limit) {
      const at = now();
      const open: (AwaitEventRecord & { readonly dueAt: number })[] = [];
      for (const record of state.awaits.values()) {
        const { dueAt } = record;
        if (record.terminal === null && dueAt !== null && !isRevoked(record)) open.push({ ...record, dueAt });
      }
      open.sort((a, b) => a.dueAt - b.dueAt);
      const overdue = open.filter(({ dueAt }) => dueAt <= at).slice(0, Math.max(0, limit));
      for (const record of overdue) settle(record, { status: "timeout" }, SWEEPER);
      return { settled: overdue.length, nextDueAt: open[overdue.length]?.dueAt ?? null };
    },

    isRevoked: (event) => isRevoked(event),

    revoke(keyId) {
      const record = state.awaits.get(keyId);
      const waits = record !== undefined && record.terminal === null && !isRevoked(record);
      state.revokedKeys.add(keyId);
      hints.resolved(keyId);
      // Whoever waits learns that it is revoked.
      if (waits) wake(record.sessionId);
    },

    revokeSession(sessionId) {
      let waits = false;
      for (const record of state.awaits.values()) {
        if (record.sessionId !== sessionId || record.terminal !== null || isRevoked(record)) continue;
        waits = true;
        hints.resolved(record.keyId);
      }
      state.revokedSessions.add(sessionId);
      if (waits) wake(sessionId);
    },

    prune(before, limit) {
      let pruned = 0;
      for (const record of [...state.awaits.values()]) {
        if (pruned >= limit) break;
        if (record.resolvedAt === null || record.resolvedAt >= before) continue;
        // What was decided, and its receipt, is kept with the session.
        if (isApproval(record.info)) continue;
        // Of an open turn the answer is still to be read.
        if (record.turnId !== null && state.turns.get(record.turnId)?.committed === null) continue;
        state.awaits.delete(record.keyId);
        pruned += 1;
      }
      return pruned;
    },

    onResolved: (listener) => hints.onResolved(listener),
  };
}

/** The turn has ended: nobody waits any more, and who answers now learns that it is too late. @returns what was waited for */
export function endWaitsOfTurn(state: MemoryState, turnId: TurnId, at: number): readonly AwaitEventRecord[] {
  const facts = { terminal: { status: "cancelled" }, resolvedBy: TURN, resolvedAt: at } as const;
  const ended: AwaitEventRecord[] = [];
  for (const keyId of state.awaitsOfTurn.get(turnId) ?? []) {
    const record = state.awaits.get(keyId);
    if (record?.terminal !== null) continue;
    state.awaits.set(keyId, Object.freeze({ ...record, ...facts }));
    ended.push(record);
  }
  state.awaitsOfTurn.delete(turnId);
  return ended;
}

export function isApproval(info: Json): boolean {
  return matches(info, { infoType: "approval" });
}

function matches(info: Json, as: AwaitEventMatch): boolean {
  if ("info" in as) return canonicalJson(info) === canonicalJson(as.info);
  return typeof info === "object" && info !== null && "type" in info && info.type === as.infoType;
}

const TURN: ResolvedBy = Object.freeze({ name: "turn", via: "turn" });
const SWEEPER: ResolvedBy = { name: "deadline", via: "sweeper" };
