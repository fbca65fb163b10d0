import { PawlError } from "@pawl/core";
import type { Logger } from "@pawl/core/ports";
import type { Row } from "../connection/database.ts";
import { corruptRow } from "../errors.ts";

/**
 * A JSON column, checked by core's decoder of its shape. What is returned is what was stored, byte for byte of the same order: digests
 * and replays are over that (D26).
 *
 * @throws PawlError `store_corrupt_row`
 */
export function decodedColumn<T>(row: Row, column: string, where: string, decode: (value: unknown) => T): T {
  return decodedValue(column, where, () => {
    decode(row[column]);
    return row[column] as T;
  });
}

/** What is not stored as it is: unpacked and checked. @throws PawlError `store_corrupt_row` for whatever that throws */
export function decodedValue<T>(column: string, where: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw corruptRow(
      where,
      `${column}: ${cause instanceof Error ? cause.message : "it has another shape"}`,
      cause,
    );
  }
}

/** Rows of many sessions: one that cannot be read is named in the log and left out, and the others are none the worse for it. */
export function readableRows<T>(rows: readonly Row[], read: (row: Row) => T, logger: Logger): readonly T[] {
  return rows.flatMap((row) => {
    try {
      return [read(row)];
    } catch (error) {
      if (!(error instanceof PawlError) || error.code !== "store_corrupt_row") throw error;
      logger.error("A row cannot be read and is left out.", { code: error.code, message: error.message });
      return [];
    }
  });
}
