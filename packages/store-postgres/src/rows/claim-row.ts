import type { SessionId, TurnId } from "@pawl/core";
import { isPawlError } from "@pawl/core";
import type { NextTurn, NodeLease, SessionClaim } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { nullableNumber, nullableText, numberColumn, textColumn } from "./column.ts";
import { inputOfRow } from "./input-row.ts";
import { cancelOfRow } from "./session-row.ts";

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
  /** When more becomes ready, in milliseconds from now. */
  readonly dueInMs: number | null;
}

export function claimAnswerOfRow(row: Row, lease: NodeLease): ClaimAnswer {
  return {
    held: row.held === true,
    claims: (row.claims as Row[]).map((claim) => claimOf(claim, lease, claim.next as Row | null)),
    ...deadOf(row),
    dueInMs: nullableNumber(row, "due_in_ms", "A claim"),
  };
}

/** Of a claim of one session; `dead`: the row of `find-dead-nodes.ts`, where somebody asked. */
export function claimAnswerOfOne(row: Row, lease: NodeLease, dead?: Row): ClaimAnswer {
  return {
    held: true,
    claims: row.epoch === null ? [] : [claimOf(row, lease, row.input_id === null ? null : row)],
    ...(dead === undefined ? { dead: [], unswept: [] } : deadOf(dead)),
    dueInMs: nullableNumber(row, "due_in_ms", "A claim"),
  };
}

function deadOf(row: Row): Pick<ClaimAnswer, "dead" | "unswept"> {
  return {
    dead: (row.dead as Row[]).map((node) => ({
      nodeId: textColumn(node, "node_id", "A node"),
      generation: numberColumn(node, "generation", "A node"),
      nonce: textColumn(node, "nonce", "A node"),
    })),
    unswept: row.unswept as string[],
  };
}

function claimOf(row: Row, lease: NodeLease, begins: Row | null): ReadClaim {
  const where = `The claim of "${String(row.session_id)}"`;
  const sessionId = textColumn(row, "session_id", where) as SessionId;
  const next = nextOf(begins, where);
  return {
    stale: row.stale === true,
    claim: {
      sessionId,
      fence: { node: lease, sessionId, epoch: numberColumn(row, "epoch", where) },
      logHead: numberColumn(row, "head", where),
      openTurn: nullableText(row, "open_turn", where) as TurnId | null,
      attempts: numberColumn(row, "attempts", where),
      ...(next !== undefined && { next }),
    },
  };
}

/** What cannot be read is left to whoever asks for it: it must not keep the other sessions of the claim. */
function nextOf(row: Row | null, where: string): NextTurn | undefined {
  if (row === null) return undefined;
  try {
    const input = inputOfRow(row);
    if (input.turnId === null) return undefined;
    return {
      input,
      base: {
        revision: numberColumn(row, "revision", where),
        messages: numberColumn(row, "message_count", where),
      },
      cancel: row.cancel === null ? null : cancelOfRow(row, input.turnId),
    };
  } catch (error) {
    if (isPawlError(error, "store_corrupt_row")) return undefined;
    throw error;
  }
}
