import type {
  ExecutionScope,
  Json,
  Resolution,
  ResolvedBy,
  SessionId,
  TurnId,
  WaitIdentity,
} from "@pawl/core";
import type { AwaitEventRecord } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { nullableNumber, nullableText, numberColumn, objectColumn, textColumn } from "./column.ts";

/** @throws PawlError `store_corrupt_row` */
export function awaitEventOfRow(row: Row): AwaitEventRecord {
  const where = `Await-event "${String(row.key_id)}"`;
  const typed = { type: "string" } as const;
  return {
    keyId: textColumn(row, "key_id", where),
    scope: objectColumn<ExecutionScope>(row, "scope", where, typed),
    wait: objectColumn<WaitIdentity>(row, "wait", where, typed),
    sessionId: nullableText(row, "session_id", where) as SessionId | null,
    turnId: nullableText(row, "turn_id", where) as TurnId | null,
    dueAt: nullableNumber(row, "due_at_ms", where),
    info: row.info as Json,
    terminal:
      row.terminal === null ? null : objectColumn<Resolution>(row, "terminal", where, { status: "string" }),
    resolvedBy:
      row.resolved_by === null
        ? null
        : objectColumn<ResolvedBy>(row, "resolved_by", where, { name: "string", via: "string" }),
    createdAt: numberColumn(row, "created_at_ms", where),
    resolvedAt: nullableNumber(row, "resolved_at_ms", where),
  };
}
