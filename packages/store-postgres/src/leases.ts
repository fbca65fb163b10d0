import { nodeId, PawlError } from "@pawl/core";
import type { ClaimRequest, Leases, NodeLease, Release, SessionClaim } from "@pawl/core/ports";
import type { StoreContext } from "./context.ts";
import { conflict, fenced } from "./errors.ts";
import { fenceValues, nodeValues } from "./fence-values.ts";
import { type ClaimAnswer, claimAnswerOfRow, type ReadClaim } from "./rows/claim-row.ts";
import { numberColumn, textColumn } from "./rows/column.ts";
import { claimOneSession } from "./statements/claim-one-session.ts";
import { claimSessions } from "./statements/claim-sessions.ts";
import { closeNode } from "./statements/close-node.ts";
import { freeLostClaims } from "./statements/free-lost-claims.ts";
import { hint } from "./statements/hint.ts";
import { openNode } from "./statements/open-node.ts";
import { readLogHead } from "./statements/read-log-head.ts";
import { releaseSession } from "./statements/release-session.ts";
import { renewNode } from "./statements/renew-node.ts";
import { takeOverNode } from "./statements/take-over-node.ts";
import { storableText } from "./storable.ts";
import { sweep } from "./sweep.ts";

/** How long a claim whose answer was lost may still land; longer than a statement may run. */
const LOST_CLAIM_MS = 5 * 60 * 1000;

export function postgresLeases(context: StoreContext): Leases {
  const { database, groupCommit, hints, liveness, channels, newId } = context;
  /** Tokens of claims whose answer was lost, and until when they are looked for (monotonic, in ms). */
  const lostClaims = new Map<string, number>();

  async function claimOnce(lease: NodeLease, request: ClaimRequest): Promise<ClaimAnswer> {
    const token = newId();
    const one = request.sessionId !== undefined;
    const values = [...nodeValues(lease), Math.max(0, request.limit), request.behaviours, token];
    try {
      const [row] = await database.writeOnce(
        one ? claimOneSession : claimSessions,
        one ? [...values, request.sessionId] : values,
      );
      return claimAnswerOfRow(row!, lease);
    } catch (error) {
      if (error instanceof PawlError && error.code === "store_outcome_unknown") {
        lostClaims.set(token, performance.now() + LOST_CLAIM_MS);
      }
      throw error;
    }
  }

  async function freeLost(lease: NodeLease): Promise<void> {
    for (const [token, until] of lostClaims) if (until < performance.now()) lostClaims.delete(token);
    if (lostClaims.size === 0) return;
    await database.write(freeLostClaims, [...nodeValues(lease), [...lostClaims.keys()]]);
  }

  /** Ends the nodes that a claim found dead and frees what they held. @returns whether there may be more to claim now */
  async function buryDead({ dead, unswept }: ClaimAnswer): Promise<boolean> {
    for (const { nodeId, generation, nonce } of dead) {
      const rows = await database.write(takeOverNode, [nodeId, generation, nonce]);
      if (rows.length > 0) context.logger.info("The sessions of a dead node are taken over.", { nodeId });
    }
    let freed = 0;
    for (const id of new Set([...dead.map((d) => d.nodeId), ...unswept])) {
      freed += await sweep(database, id, false);
    }
    return freed > 0;
  }

  /** The head of a log that somebody else may have written since the claim's snapshot is read again (D5). */
  async function withHead({ claim, stale }: ReadClaim): Promise<SessionClaim> {
    if (!stale) return claim;
    const [row] = await database.read(readLogHead, [claim.sessionId]);
    return { ...claim, logHead: numberColumn(row ?? {}, "head", `Session "${claim.sessionId}"`) };
  }

  return {
    async openNode(id, { ttlMs }) {
      nodeId(id);
      if (!(ttlMs > 0)) throw new RangeError("ttlMs must be a positive number of milliseconds.");
      const nonce = newId();
      const [row] = await database.write(openNode, [id, nonce, Math.ceil(ttlMs), database.schema]);
      const where = `Node "${id}"`;
      const lease: NodeLease = {
        nodeId: id,
        generation: numberColumn(row!, "generation", where),
        nonce,
        ttlMs,
      };
      if (row!.unswept === true && (await sweep(database, id, false)) > 0) hints.work();
      await liveness.watch(textColumn(row!, "lock_key", where), lease);
      return lease;
    },

    async renewNode(lease) {
      const [row] = await database.write(renewNode, nodeValues(lease));
      if (row === undefined) throw fenced(lease.nodeId);
      await liveness.renewed(lease, row.seen === true);
    },

    async closeNode(lease) {
      const rows = await database.write(closeNode, nodeValues(lease));
      await liveness.forget(lease);
      if (rows.length === 0) return;
      const freed = await sweep(database, lease.nodeId, true);
      if (freed === 0) return;
      hints.work();
      await database.write(hint, [channels.work, ""]);
    },

    async claim(lease, request) {
      await freeLost(lease);
      let answer = await claimOnce(lease, request);
      if (!answer.held) throw fenced(lease.nodeId);
      const claims = [...answer.claims];
      if (answer.dead.length + answer.unswept.length > 0 && (await buryDead(answer))) {
        const limit = request.limit - claims.length;
        if (limit > 0) {
          answer = await claimOnce(lease, { ...request, limit });
          claims.push(...answer.claims);
        }
      }
      return Promise.all(claims.map(withHead));
    },

    async release(fence, how) {
      await groupCommit.settle(fence.sessionId);
      const values = [...fenceValues(fence), ...releaseValues(how)];
      const [row] = await database.write(releaseSession, values);
      if (row?.gone === true) {
        groupCommit.forget(fence.sessionId);
        if (row.ready === true) hints.work(fence.sessionId);
        return true;
      }
      if (row?.held !== true) throw fenced(fence.sessionId);
      if (row.open !== true) {
        throw conflict(`Session "${fence.sessionId}" has no open turn that could wait.`);
      }
      return false;
    },

    onWork: (listener) => hints.onWork(listener),
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
