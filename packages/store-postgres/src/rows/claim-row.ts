import type { SessionId, TurnId } from "@pawl/core";
import type { NodeLease, SessionClaim } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { nullableText, numberColumn, textColumn } from "./column.ts";

/** A claim as the statement answers it; `stale` when the head of the log has to be read again. */
export interface ReadClaim {
  readonly claim: SessionClaim;
  readonly stale: boolean;
}

/** A node whose sessions are to be freed. */
export interface DeadNode {
  readonly nodeId: string;
  readonly generation: number;
  readonly nonce: string;
}

export interface ClaimAnswer {
  readonly held: boolean;
  readonly claims: readonly ReadClaim[];
  readonly dead: readonly DeadNode[];
  readonly unswept: readonly string[];
}

export function claimAnswerOfRow(row: Row, lease: NodeLease): ClaimAnswer {
  return {
    held: row.held === true,
    claims: (row.claims as Row[]).map((claim) => claimOf(claim, lease)),
    dead: (row.dead as Row[]).map((node) => ({
      nodeId: textColumn(node, "node_id", "A node"),
      generation: numberColumn(node, "generation", "A node"),
      nonce: textColumn(node, "nonce", "A node"),
    })),
    unswept: row.unswept as string[],
  };
}

function claimOf(row: Row, lease: NodeLease): ReadClaim {
  const where = `The claim of "${String(row.session_id)}"`;
  const sessionId = textColumn(row, "session_id", where) as SessionId;
  return {
    stale: row.stale === true,
    claim: {
      sessionId,
      fence: { node: lease, sessionId, epoch: numberColumn(row, "epoch", where) },
      logHead: numberColumn(row, "head", where),
      openTurn: nullableText(row, "open_turn", where) as TurnId | null,
      attempts: numberColumn(row, "attempts", where),
    },
  };
}
