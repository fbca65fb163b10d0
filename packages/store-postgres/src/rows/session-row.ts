import {
  type CancelEvidence,
  type CommitReceipt,
  type Message,
  type NodeId,
  RUNTIME_TRANSITIONS,
  type RuntimeState,
  type SessionId,
  type TurnConfig,
  type TurnId,
  type TurnOutcome,
  type Usage,
} from "@pawl/core";
import type { CommittedTurn, SessionRecord } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { nullableText, numberColumn, objectColumn, oneOf, textColumn } from "./column.ts";

const RUNTIME_STATES = Object.keys(RUNTIME_TRANSITIONS) as RuntimeState[];

/** Each throws PawlError `store_corrupt_row`. */
export function sessionOfRow(row: Row): SessionRecord {
  const where = `Session "${String(row.session_id)}"`;
  const code = nullableText(row, "blocked_code", where);
  return {
    sessionId: textColumn(row, "session_id", where) as SessionId,
    runtimeState: oneOf(textColumn(row, "runtime_state", where), RUNTIME_STATES, where, "runtime_state"),
    revision: numberColumn(row, "revision", where),
    messageCount: numberColumn(row, "message_count", where),
    lastDigest: nullableText(row, "last_digest", where),
    openTurn: nullableText(row, "open_turn", where) as TurnId | null,
    parked: row.phase === "parked",
    blocked: code === null ? null : { code, message: nullableText(row, "blocked_message", where) ?? "" },
    paused: row.paused === true,
    holder: nullableText(row, "holder", where) as NodeId | null,
    createdAt: numberColumn(row, "created_at_ms", where),
  };
}

export function runtimeStateOfRow(row: Row, sessionId: SessionId): RuntimeState {
  const where = `Session "${sessionId}"`;
  return oneOf(textColumn(row, "runtime_state", where), RUNTIME_STATES, where, "runtime_state");
}

export function messageOfRow(row: Row, sessionId: SessionId): Message {
  const where = `Message ${String(row.position)} of "${sessionId}"`;
  return objectColumn<Message>(row, "body", where, { id: "string", role: "string", parts: "object" });
}

const RECEIPT = { sessionId: "string", runId: "string", sequence: "number", digest: "string" } as const;

export function receiptOfRow(row: Row, where: string): CommitReceipt {
  return objectColumn<CommitReceipt>(row, "receipt", where, RECEIPT);
}

export function committedTurnOfRow(row: Row, turnId: TurnId): CommittedTurn {
  const where = `The commit of turn "${turnId}"`;
  return {
    receipt: receiptOfRow(row, where),
    usage: objectColumn<Usage>(row, "usage", where, { modelCalls: "number" }),
    committedAt: numberColumn(row, "committed_at_ms", where),
  };
}

export function configOfRow(row: Row, hash: string): TurnConfig {
  return objectColumn<TurnConfig>(row, "config", `Configuration ${hash}`, { version: "number" });
}

export function cancelOfRow(row: Row, turnId: TurnId): CancelEvidence {
  return objectColumn<CancelEvidence>(row, "cancel", `The cancel request of "${turnId}"`, {
    requestId: "string",
    requestedAt: "number",
  });
}

export function outcomeOfRow(row: Row, turnId: TurnId): TurnOutcome {
  return objectColumn<TurnOutcome>(row, "outcome", `The outcome of "${turnId}"`, { status: "string" });
}
