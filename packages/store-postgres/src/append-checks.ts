import type { LogBody, LogRow, PawlError, TurnId } from "@pawl/core";
import { conflict } from "./errors.ts";
import { type StoredLogRow, storedLogRow } from "./rows/log-row.ts";

/** Why a row with this number was not written while the fence held. */
export function rowMisfit(sessionId: string, seq: number, head: number): PawlError {
  return seq <= head
    ? conflict(`Row ${seq} of "${sessionId}" is taken.`)
    : conflict(`Row ${seq} would leave a gap: the log of "${sessionId}" ends at ${head}.`);
}

/** Rows of one turn that follow one another, and number `after` if there is one. @throws PawlError `store_conflict` */
export function checkRun(turnId: TurnId, rows: readonly LogRow[], after?: number): void {
  const first = after === undefined ? (rows[0]?.seq ?? 0) : after + 1;
  for (const [index, row] of rows.entries()) {
    if (row.turnId !== turnId) {
      throw conflict(`Row ${row.seq} is of turn "${row.turnId}", which is not the open one.`);
    }
    if (row.seq !== first + index) throw conflict(`Row ${row.seq} would leave a gap, or is given twice.`);
  }
}

/** Such rows as they are stored. @throws PawlError `store_conflict`, `not_storable` */
export function storedRunOf(turnId: TurnId, rows: readonly LogRow[]): readonly StoredLogRow[] {
  checkRun(turnId, rows);
  return rows.map((row) => storedLogRow(row));
}

/** The row as a reader gets it, detached from what the writer handed in. It was found storable. */
export function appendedRow({ seq, turnId, ordinal, at, body }: LogRow): LogRow {
  return { seq, turnId, ordinal, at: Math.round(at), body: JSON.parse(JSON.stringify(body)) as LogBody };
}
