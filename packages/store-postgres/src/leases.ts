import { type NodeId, nodeId } from "@pawl/core";
import type { Fence, Leases, NodeLease, Release } from "@pawl/core/ports";
import { claimer } from "./claimer.ts";
import { SharedWrites } from "./connection/shared-writes.ts";
import type { StoreContext } from "./context.ts";
import { conflict, fenced } from "./errors.ts";
import { fenceValues, holderOf, nodeValues } from "./fence-values.ts";
import { nullableText, numberColumn, textColumn } from "./rows/column.ts";
import { closeNode } from "./statements/close-node.ts";
import { countBacklog } from "./statements/count-backlog.ts";
import { hint } from "./statements/hint.ts";
import { leaveSessions } from "./statements/leave-sessions.ts";
import { listNodes } from "./statements/list-nodes.ts";
import { openNode } from "./statements/open-node.ts";
import { releaseSession } from "./statements/release-session.ts";
import { renewNode } from "./statements/renew-node.ts";
import { setNodePaused } from "./statements/set-node-paused.ts";
import { storableText } from "./storable.ts";
import { sweep } from "./sweep.ts";

export function postgresLeases(context: StoreContext): Leases {
  const { database, groupCommit, begun, hints, liveness, neighbour, time, channels, newId } = context;
  const leaves = new SharedWrites({
    database,
    statement: leaveSessions,
    keyOf: ({ session_id }) => String(session_id),
  });

  function left({ sessionId }: Fence, ready: boolean): true {
    groupCommit.forget(sessionId);
    begun.forget(sessionId);
    hints.rested(sessionId);
    if (ready) hints.work(sessionId);
    return true;
  }

  return {
    async openNode(id, { ttlMs }) {
      nodeId(id);
      if (!(ttlMs > 0)) throw new RangeError("ttlMs must be a positive number of milliseconds.");
      const nonce = newId();
      const asked = time.begin();
      const [row] = await database.write(openNode, [id, nonce, Math.ceil(ttlMs), database.schema]);
      const where = `Node "${id}"`;
      time.learn(numberColumn(row!, "now_ms", where), asked);
      const lease: NodeLease = {
        nodeId: id,
        generation: numberColumn(row!, "generation", where),
        nonce,
        ttlMs,
      };
      neighbour.watch(nullableText(row!, "neighbour", where));
      liveness.watch(textColumn(row!, "lock_key", where), lease);
      if (row!.unswept === true && (await sweep(database, id, false)) > 0) hints.work();
      return lease;
    },

    async renewNode(lease) {
      const asked = time.begin();
      const [row] = await database.write(renewNode, nodeValues(lease));
      if (row === undefined) throw fenced(lease.nodeId);
      const where = `Node "${lease.nodeId}"`;
      time.learn(numberColumn(row, "now_ms", where), asked);
      // Not waited for: the lease is what counts.
      void liveness.renewed(lease, row.seen === true);
      neighbour.watch(nullableText(row, "neighbour", where));
    },

    async closeNode(lease) {
      const rows = await database.write(closeNode, nodeValues(lease));
      neighbour.watch(null);
      await liveness.forget(lease);
      if (rows.length === 0) return;
      const freed = await sweep(database, lease.nodeId, true);
      if (freed === 0) return;
      hints.work();
      await database.write(hint, [channels.work, ""]);
    },

    claim: claimer(context),

    async release(fence, how) {
      await groupCommit.settle(fence.sessionId);
      if (how.type === "idle") {
        const { sessionId } = fence;
        const row = holderOf(fence);
        const landed = await leaves.write({ key: sessionId, row, characters: sessionId.length });
        if (landed !== undefined) return left(fence, landed.ready === true);
      }
      const values = [...fenceValues(fence), ...releaseValues(how), channels.log];
      const [row] = await database.write(releaseSession, values);
      if (row?.gone === true) return left(fence, row.ready === true);
      if (row?.held !== true) throw fenced(fence.sessionId);
      if (row.open !== true) {
        throw conflict(`Session "${fence.sessionId}" has no open turn that could wait.`);
      }
      return false;
    },

    async backlog() {
      const [row] = await database.read(countBacklog, []);
      const age = row?.oldest_age_ms;
      return {
        ready: numberColumn(row!, "ready", "The backlog"),
        oldestAgeMs: age === null || age === undefined ? null : Math.max(0, Number(age)),
      };
    },

    async nodes({ limit }) {
      return (await database.read(listNodes, [Math.max(0, limit)])).map((row) => {
        const where = "A node";
        return {
          nodeId: textColumn(row, "node_id", where) as NodeId,
          alive: row.alive === true,
          paused: row.paused === true,
          sessions: numberColumn(row, "sessions", where),
          openedAt: numberColumn(row, "opened_at_ms", where),
        };
      });
    },

    async setNodePaused(id, paused) {
      const rows = await database.write(setNodePaused, [nodeId(id), paused, channels.work]);
      if (rows.length > 0 && !paused) hints.work();
      return rows.length > 0;
    },

    onWork: (listener) => hints.onWork(listener),

    onDue: (listener) => hints.onDue(listener),

    onRest: (sessionId, listener) => hints.onRest(sessionId, listener),
  };
}

/** From $6 on: type, delay, due time, code, message. */
function releaseValues(how: Release): unknown[] {
  switch (how.type) {
    case "idle":
      return [how.type, null, null, null, null];
    case "retry":
      return [how.type, how.delayMs, null, null, null];
    case "park":
      return [how.type, null, how.dueAt ?? null, null, null];
    case "blocked": {
      const what = "The reason of a block";
      return [how.type, null, null, storableText(how.code, what), storableText(how.message, what)];
    }
  }
}
