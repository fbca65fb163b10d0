import { canonicalJson, type LogRow, type TurnId } from "@pawl/core";
import type { Fence } from "@pawl/core/ports";
import { conflict } from "./errors.ts";
import { frozenCopy } from "./frozen-copy.ts";
import type { SessionRow, WrittenRow } from "./memory-state.ts";

/** Names one holding of one session: what it wrote it may write again, nobody else may (D9). */
function writerOf(fence: Fence): string {
  return `${fence.node.nonce} ${fence.epoch}`;
}

/**
 * The rows that are new, checked and ready to be pushed: they continue the log without a gap (D5) and belong to `turnId`
 * (D8). Rows that this writer has stored before are left out. Changes nothing.
 *
 * @throws PawlError `store_conflict`, `not_storable`
 */
export function checkRows(
  session: SessionRow,
  fence: Fence,
  turnId: TurnId,
  rows: readonly LogRow[],
): readonly WrittenRow[] {
  const writer = writerOf(fence);
  const fresh: WrittenRow[] = [];
  let head = session.log.length;
  for (const given of rows) {
    const row = frozenCopy(given, `Row ${given.seq} of the log`);
    if (row.turnId !== turnId) {
      throw conflict(`Row ${row.seq} is of turn "${row.turnId}", which is not the open one.`);
    }
    if (row.seq === head + 1) {
      fresh.push({ row, writer });
      head += 1;
      continue;
    }
    const stored = session.log[row.seq - 1];
    if (stored === undefined) {
      throw conflict(`Row ${row.seq} would leave a gap: the log of "${session.sessionId}" ends at ${head}.`);
    }
    if (stored === null || stored.writer !== writer || canonicalJson(stored.row) !== canonicalJson(row)) {
      throw conflict(`Row ${row.seq} of "${session.sessionId}" is taken.`);
    }
  }
  return fresh;
}

/** As `checkRows`, of rows that must be new. */
export function checkNewRows(
  session: SessionRow,
  fence: Fence,
  turnId: TurnId,
  rows: readonly LogRow[],
): readonly WrittenRow[] {
  const fresh = checkRows(session, fence, turnId, rows);
  if (fresh.length < rows.length) throw conflict(`Row ${rows[0]!.seq} of "${session.sessionId}" is taken.`);
  return fresh;
}

/** One row that must be new. @throws PawlError `store_conflict`, `not_storable` */
export function checkNewRow(session: SessionRow, fence: Fence, turnId: TurnId, row: LogRow): WrittenRow {
  return checkNewRows(session, fence, turnId, [row])[0]!;
}
