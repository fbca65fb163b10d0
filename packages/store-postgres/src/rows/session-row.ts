import {
  type CancelEvidence,
  type CommitReceipt,
  type Json,
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
import { unpackReceipt, unpackUsage } from "../packing/receipt.ts";
import { nullableText, numberColumn, oneOf, textColumn } from "./column.ts";
import { decodedColumn, decodedValue } from "./decoded-column.ts";
import { decoders } from "./decoders.ts";

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

/** `row` also names the session and the run, and says how the run ended. */
export function receiptOfRow(row: Row, where: string): CommitReceipt {
  const sessionId = textColumn(row, "session_id", where);
  const turnId = textColumn(row, "run_id", where);
  return decodedValue("receipt", where, () => {
    const outcome = row.outcome as TurnOutcome | null;
    const receipt = unpackReceipt(row.receipt as Json, { sessionId, turnId, outcome });
    decoders().decodeReceipt(receipt);
    return receipt as unknown as CommitReceipt;
  });
}

export function committedTurnOfRow(row: Row, turnId: TurnId): CommittedTurn {
  const where = `The commit of turn "${turnId}"`;
  return {
    receipt: receiptOfRow(row, where),
    usage: decodedValue("usage", where, () => {
      const usage = unpackUsage(row.usage as Json);
      decoders().decodeUsage(usage);
      return usage as unknown as Usage;
    }),
    committedAt: numberColumn(row, "committed_at_ms", where),
  };
}

export function configOfRow(row: Row, hash: string): TurnConfig {
  return decodedColumn<TurnConfig>(row, "config", `Configuration ${hash}`, decoders().decodeTurnConfig);
}

export function cancelOfRow(row: Row, turnId: TurnId): CancelEvidence {
  const where = `The cancel request of "${turnId}"`;
  return decodedColumn<CancelEvidence>(row, "cancel", where, (cancel) =>
    decoders().decodeCancelEvidence(cancel),
  );
}

export function outcomeOfRow(row: Row, turnId: TurnId): TurnOutcome {
  const where = `The outcome of "${turnId}"`;
  return decodedColumn<TurnOutcome>(row, "outcome", where, (outcome) =>
    decoders().decodeTurnOutcome(outcome),
  );
}
