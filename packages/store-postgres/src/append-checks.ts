import type { LogRow, PawlError, TurnId } from "@pawl/core";
import { conflict } from "./errors.ts";
import { bodyOfStored, type StoredLogRow, storedLogRow } from "./rows/log-row.ts";

/** Why a row with this number was not written while the fence held. */
export function rowMisfit(sessionId: string, seq: number, head: number): PawlError {
  return seq <= head
    ? conflict(`Row ${seq} of "${sessionId}" is taken.`)
    : conflict(`Row ${seq} would leave a gap: the log of "${sessionId}" ends at ${head}.`);
}

/** Rows of one turn that follow one another, and number `after` if there is one, as they are stored. @throws PawlError `store_conflict`, `not_storable` */
export function storedRunOf(
  turnId: TurnId,
  rows: readonly LogRow[],
  after?: number,
): readonly StoredLogRow[] {
  const first = after === undefined ? (rows[0]?.seq ?? 0) : after + 1;
  return rows.map((row, index) => {
    if (row.turnId !== turnId) {
      throw conflict(`Row ${row.seq} is of turn "${row.turnId}", which is not the open one.`);
    }
    if (row.seq !== first + index) throw conflict(`Row ${row.seq} would leave a gap, or is given twice.`);
    return storedLogRow(row);
  });
}

/** The row as a reader gets it, detached from what the writer handed in. */
export function appendedRow(row: LogRow, stored: StoredLogRow): LogRow {
  return {
    seq: stored.seq,
    turnId: row.turnId,
    ordinal: stored.ordinal,
    at: stored.at,
    body: bodyOfStored(stored),
  };
}
