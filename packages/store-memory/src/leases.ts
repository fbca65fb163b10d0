import { nodeId } from "@pawl/core";
import type { Fence, Leases, NodeLease, Release, SessionClaim } from "@pawl/core/ports";
import { claimableAt, earliest, nextInterruptAt, noteNeed } from "./claim-policy.ts";
import type { MemoryContext } from "./context.ts";
import { conflict } from "./errors.ts";
import { holdNode, holdSession, ownsNode } from "./fence.ts";
import { frozenCopy } from "./frozen-copy.ts";
import type { MemoryState, NodeRow, SessionRow } from "./memory-state.ts";
import type { Sections } from "./sections.ts";
import { takeSession } from "./take-session.ts";

export function leaseSections({ state, hints, now, newId }: MemoryContext): Sections<Leases> {
  return {
    openNode(id, { ttlMs }) {
      nodeId(id);
      if (!(ttlMs > 0)) throw new RangeError("ttlMs must be a positive number of milliseconds.");
      const node = state.nodes.get(id) ?? newNode(state, id);
      if (takeOver(state, node)) hints.work();
      node.nonce = newId();
      node.openedAt = now();
      node.expiresAt = node.openedAt + ttlMs;
      node.paused = false;
      return Object.freeze({ nodeId: id, generation: node.generation, nonce: node.nonce, ttlMs });
    },

    renewNode(lease) {
      const at = now();
      holdNode(state, lease, at).expiresAt = at + lease.ttlMs;
    },

    closeNode(lease) {
      const node = state.nodes.get(lease.nodeId);
      if (!ownsNode(node, lease)) return;
      // A deploy is no failure of what was running (D17).
      for (const session of node.sessions) session.claimedHead = null;
      if (takeOver(state, node)) hints.work();
    },

    claim(lease, request) {
      const at = now();
      // Nodes whose time is over lose everything first (D1): their generation changes before anybody loads their logs.
      for (const other of state.nodes.values()) {
        if (other.nonce !== null && other.expiresAt <= at) takeOver(state, other);
      }
      const node = holdNode(state, lease, at);
      if (node.paused) return [];
      const supported = (session: SessionRow) =>
        session.openTurn === null ||
        session.openTurn.behaviour === null ||
        request.behaviours.includes(session.openTurn.behaviour);

      if (request.sessionId !== undefined) {
        const session = state.sessions.get(request.sessionId);
        if (session === undefined || request.limit < 1 || !supported(session)) return [];
        const since = claimableAt(state, session);
        if (since !== null && since > at) hints.due(since - at);
        return since !== null && since <= at ? [takeSession(state, session, node, lease, at)] : [];
      }

      const claims: SessionClaim[] = [];
      const passedOver = [];
      while (claims.length < request.limit) {
        const entry = state.needs.pop(at);
        if (entry === undefined) break;
        if (supported(entry.item)) claims.push(takeSession(state, entry.item, node, lease, at));
        else passedOver.push(entry);
      }
      const nextAt = state.needs.nextAt();
      if (nextAt !== undefined && nextAt > at) hints.due(nextAt - at);
      for (const entry of passedOver) state.needs.restore(entry);
      return claims;
    },

    release(fence, how) {
      const at = now();
      if (hasLeft(state, fence, at)) return true;
      const session = holdSession(state, fence, at);
      if (how.type === "park") {
        if (session.openTurn === null) {
          throw conflict(`Session "${fence.sessionId}" has no open turn that could wait.`);
        }
        if (session.wakeAt !== null && session.wakeAt <= at) return false;
      }
      leave(state, session, how, at);
      session.owner?.sessions.delete(session);
      session.owner = null;
      noteNeed(state, session);
      if (session.need !== null) hints.work(session.sessionId);
      hints.rested(session.sessionId);
      return true;
    },

    backlog() {
      const at = now();
      const since = [...state.sessions.values()]
        .map((session) => claimableAt(state, session))
        .filter((ready) => ready !== null && ready <= at) as number[];
      const oldest = since.length === 0 ? null : since.reduce((a, b) => Math.min(a, b));
      return Object.freeze({
        ready: Math.min(since.length, 10_000),
        oldestAgeMs: oldest === null ? null : at - oldest,
      });
    },

    nodes({ limit }) {
      const at = now();
      const alive = (node: NodeRow) => node.nonce !== null && node.expiresAt > at;
      const order = (a: NodeRow, b: NodeRow) =>
        Number(alive(b)) - Number(alive(a)) || b.openedAt - a.openedAt || (a.nodeId < b.nodeId ? -1 : 1);
      return [...state.nodes.values()]
        .sort(order)
        .slice(0, Math.max(0, limit))
        .map((node) =>
          Object.freeze({
            nodeId: node.nodeId,
            alive: alive(node),
            paused: alive(node) && node.paused,
            sessions: alive(node) ? node.sessions.size : 0,
            openedAt: node.openedAt,
          }),
        );
    },

    setNodePaused(id, paused) {
      const node = state.nodes.get(nodeId(id));
      if (node === undefined || node.nonce === null || node.expiresAt <= now()) return false;
      node.paused = paused;
      if (!paused) hints.work();
      return true;
    },

    onWork(listener) {
      return hints.onWork(listener);
    },

    onDue(listener) {
      return hints.onDue(listener);
    },

    onRest(sessionId, listener) {
      return hints.onRest(sessionId, listener);
    },
  };
}

function newNode(state: MemoryState, id: NodeLease["nodeId"]): NodeRow {
  const node: NodeRow = {
    nodeId: id,
    generation: 0,
    nonce: null,
    expiresAt: 0,
    paused: false,
    openedAt: 0,
    sessions: new Set(),
  };
  state.nodes.set(id, node);
  return node;
}

/** Ends the node's present generation. @returns whether sessions lost their owner by it */
function takeOver(state: MemoryState, node: NodeRow): boolean {
  const orphans = [...node.sessions];
  node.generation += 1;
  node.nonce = null;
  node.sessions.clear();
  for (const session of orphans) {
    session.owner = null;
    noteNeed(state, session);
  }
  return orphans.length > 0;
}

/** This holder left before and nobody has come since: its answer was lost. */
function hasLeft(state: MemoryState, { node, sessionId, epoch }: Fence, now: number): boolean {
  const session = state.sessions.get(sessionId);
  if (session === undefined || session.owner !== null || session.epoch !== epoch) return false;
  holdNode(state, node, now);
  return true;
}

function leave(state: MemoryState, session: SessionRow, how: Release, now: number): void {
  if (how.type === "park" || how.type === "blocked") {
    session.wakeAt = earliest(session.wakeAt, nextInterruptAt(state, session, now));
  }
  switch (how.type) {
    case "idle":
      endedWell(session);
      // Nothing waits any more, and what is queued brings somebody back by itself.
      if (session.openTurn === null) session.wakeAt = null;
      return;
    case "park":
      endedWell(session);
      session.parked = true;
      session.dueAt = how.dueAt ?? null;
      return;
    case "retry":
      session.notBefore = now + how.delayMs;
      return;
    case "blocked":
      session.blocked = frozenCopy({ code: how.code, message: how.message }, "The reason of a block");
      session.claimedHead = null;
      return;
  }
}

/** Waiting is no failure (D17). */
function endedWell(session: SessionRow): void {
  session.attempts = 0;
  session.claimedHead = null;
}
