import type { LogBody, LogRow, TurnId } from "@pawl/core";
import type { Row } from "../connection/database.ts";
import { notStorable } from "../errors.ts";
import { storableJson, storableText } from "../storable.ts";
import { nullableNumber, numberColumn, textColumn } from "./column.ts";
import { decodedColumn } from "./decoded-column.ts";
import { decoders } from "./decoders.ts";

/** A row of the log as its columns, checked before it is sent. */
export interface StoredLogRow {
  readonly seq: number;
  readonly turnId: string;
  readonly ordinal: number | null;
  readonly at: number;
  readonly body: string;
}

/** @throws PawlError `not_storable` */
export function storedLogRow(row: LogRow): StoredLogRow {
  const what = `Row ${row.seq} of the log`;
  const body = storableJson(row.body, what);
  storableText(row.turnId, what);
  for (const number of [row.seq, row.ordinal, row.at])
    if (!Number.isFinite(number ?? 0)) throw notStorable(what, `${number}`);
  return { seq: row.seq, turnId: row.turnId, ordinal: row.ordinal, at: Math.round(row.at), body };
}

/** @throws PawlError `store_corrupt_row` */
export function logRowOfRow(row: Row): LogRow {
  const where = `Row ${String(row.seq)} of the log of "${String(row.session_id)}"`;
  const version = numberColumn(row, "version", where);
  return {
    seq: numberColumn(row, "seq", where),
    turnId: textColumn(row, "turn_id", where) as TurnId,
    ordinal: nullableNumber(row, "ordinal", where),
    at: numberColumn(row, "at", where),
    body: decodedColumn<LogBody>(row, "body", where, (body) => decoders().decodeLogBody(body, version)),
  };
}
