import type { SessionId } from "@pawl/core";
import type { ClaimRequest, Leases, NodeLease, SessionClaim } from "@pawl/core/ports";
import type { Database } from "./connection/database.ts";
import type { StoreContext } from "./context.ts";
import { fenced } from "./errors.ts";
import { nodeValues } from "./fence-values.ts";
import { type ClaimAnswer, claimAnswerOfOne, claimAnswerOfRow, type ReadClaim } from "./rows/claim-row.ts";
import { numberColumn } from "./rows/column.ts";
import { claimOneSession } from "./statements/claim-one-session.ts";
import { claimSessions } from "./statements/claim-sessions.ts";
import { findDeadNodes } from "./statements/find-dead-nodes.ts";
import { freeLostClaims } from "./statements/free-lost-claims.ts";
import { readLogHead } from "./statements/read-log-head.ts";
import { takeOverNode } from "./statements/take-over-node.ts";
import { sweep } from "./sweep.ts";

/** The bound that `claim-sessions.ts` has as a constant. */
const MOST_CLAIMS_AT_ONCE = 100;

/**
 * Claims sessions, and whatever has to happen before: nodes that are dead are taken over, and what a claim took whose answer was lost
 * is freed, since nobody in this process knows of it.
 */
export function claimer({ database, hints, logger, newId, lostClaims }: StoreContext): Leases["claim"] {
  async function freeLost(lease: NodeLease): Promise<void> {
    const { tokens } = lostClaims;
    if (tokens.length > 0) await database.write(freeLostClaims, [...nodeValues(lease), tokens]);
  }

  async function claimOnce(lease: NodeLease, request: ClaimRequest, token: string): Promise<ClaimAnswer> {
    const limit = Math.max(0, Math.min(request.limit, MOST_CLAIMS_AT_ONCE));
    if (request.sessionId !== undefined && limit > 0)
      return claimIn(request.sessionId, lease, request, token);
    const values = [...nodeValues(lease), limit, request.behaviours, token];
    const [row] = await database.writeOnce(claimSessions, values);
    return claimAnswerOfRow(row!, lease);
  }

  async function claimIn(
    sessionId: SessionId,
    lease: NodeLease,
    { behaviours }: ClaimRequest,
    token: string,
  ): Promise<ClaimAnswer> {
    const values = [...nodeValues(lease), behaviours, token, sessionId];
    const [row] = await database.writeOnce(claimOneSession, values);
    if (row === undefined) throw fenced(lease.nodeId);
    const isClaimed = row.epoch !== null;
    // Who is dead may be who holds it; where it was claimed, or will be ready in a while, that is left to the next poll.
    const isAsked = !isClaimed && row.due_in_ms === null;
    const [dead] = isAsked ? await database.read(findDeadNodes, [lease.nodeId]) : [];
    return claimAnswerOfOne(row, lease, dead);
  }

  /** Ends the nodes that a claim found dead and frees what they held. @returns whether there may be more to claim now */
  async function buryDead({ dead, unswept }: ClaimAnswer): Promise<boolean> {
    for (const { nodeId, generation, nonce } of dead) {
      const rows = await database.write(takeOverNode, [nodeId, generation, nonce]);
      if (rows.length > 0) logger.info("The sessions of a dead node are taken over.", { nodeId });
    }
    let freed = 0;
    for (const id of new Set([...dead.map((d) => d.nodeId), ...unswept])) {
      freed += await sweep(database, id, false);
    }
    return freed > 0;
  }

  async function claimAll(
    lease: NodeLease,
    request: ClaimRequest,
    tokens: string[],
  ): Promise<readonly SessionClaim[]> {
    const claims: ReadClaim[] = [];
    for (;;) {
      const token = newId();
      tokens.push(token);
      const answer = await claimOnce(lease, { ...request, limit: request.limit - claims.length }, token);
      if (!answer.held) throw fenced(lease.nodeId);
      claims.push(...answer.claims);
      if (answer.dueInMs !== null) hints.due(Math.max(0, answer.dueInMs));
      if (claims.length >= request.limit) break;
      // More than one statement takes at once, or what the dead have left.
      const isFull = answer.claims.length === MOST_CLAIMS_AT_ONCE;
      const isMore = answer.dead.length + answer.unswept.length > 0 && (await buryDead(answer));
      if (!isFull && !isMore) break;
    }
    return Promise.all(claims.map((claim) => withHead(database, claim)));
  }

  return async (lease, request) => {
    await freeLost(lease);
    const tokens: string[] = [];
    try {
      return await claimAll(lease, request, tokens);
    } catch (error) {
      // What they took, if anything, is freed before the next claim.
      for (const token of tokens) lostClaims.add(token);
      throw error;
    }
  };
}

/** The head of a log that somebody else may have written since the claim's snapshot is read again (D5). */
export async function withHead(database: Database, { claim, stale }: ReadClaim): Promise<SessionClaim> {
  if (!stale) return claim;
  const [row] = await database.read(readLogHead, [claim.sessionId]);
  return { ...claim, logHead: numberColumn(row ?? {}, "head", `Session "${claim.sessionId}"`) };
}
