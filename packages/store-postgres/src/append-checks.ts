import type { LogBody, LogRow, PawlError } from "@pawl/core";
import { conflict } from "./errors.ts";
import type { StoredLogRow } from "./rows/log-row.ts";

/** Why a row with this number was not written while the fence held. */
export function rowMisfit(sessionId: string, seq: number, head: number): PawlError {
  return seq <= head
    ? conflict(`Row ${seq} of "${sessionId}" is taken.`)
    : conflict(`Row ${seq} would leave a gap: the log of "${sessionId}" ends at ${head}.`);
}

/** The row as a reader gets it, detached from what the writer handed in. */
export function appendedRow(row: LogRow, stored: StoredLogRow): LogRow {
  return {
    seq: stored.seq,
    turnId: row.turnId,
    ordinal: stored.ordinal,
    at: stored.at,
    body: JSON.parse(stored.body) as LogBody,
  };
}
