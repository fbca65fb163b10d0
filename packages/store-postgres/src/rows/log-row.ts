import { type Json, LOG_VERSION, type LogBody, type LogRow, type TurnId } from "@pawl/core";
import type { Row } from "../connection/database.ts";
import { notStorable } from "../errors.ts";
import { packLogBody, unpackLogBody } from "../packing/log-body.ts";
import { storableJson, storableText } from "../storable.ts";
import { nullableNumber, numberColumn, textColumn } from "./column.ts";
import { decodedValue } from "./decoded-column.ts";
import { decoders } from "./decoders.ts";

/** How bodies are stored: 1 as they are, 2 packed where they fit. What is packed is a body of `LOG_VERSION`. */
export const STORED_LOG_VERSION = 2;

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
  storableText(row.turnId, what);
  for (const number of [row.seq, row.ordinal, row.at])
    if (!Number.isFinite(number ?? 0)) throw notStorable(what, `${number}`);
  const { seq, turnId, ordinal } = row;
  const at = Math.round(row.at);
  const body = storableJson(packLogBody(row.body, { turnId, at }), what);
  return { seq, turnId, ordinal, at, body };
}

/** The body of a row that was stored here, detached from what the writer handed in. */
export function bodyOfStored({ turnId, at, body }: StoredLogRow): LogBody {
  return unpackLogBody(JSON.parse(body) as Json, { turnId, at }) as unknown as LogBody;
}

/** Rows in order; one that names no turn is of the turn of the row before it. @throws PawlError `store_corrupt_row` */
export function logRowsOf(rows: readonly Row[]): readonly LogRow[] {
  let turn: unknown = rows[0]?.turn_before;
  return rows.map((row) => {
    turn = row.turn_id ?? turn;
    return logRowOfRow(row, turn);
  });
}

function logRowOfRow(row: Row, turn: unknown): LogRow {
  const where = `Row ${String(row.seq)} of the log of "${String(row.session_id)}"`;
  const turnId = textColumn({ turn_id: turn }, "turn_id", where) as TurnId;
  const at = numberColumn(row, "at", where);
  const version = numberColumn(row, "version", where);
  return {
    seq: numberColumn(row, "seq", where),
    turnId,
    ordinal: nullableNumber(row, "ordinal", where),
    at,
    // What is returned is what was handed in, in the same order of members (D26).
    body: decodedValue<LogBody>("body", where, () => {
      const body = unpackLogBody(row.body as Json, { turnId, at });
      decoders().decodeLogBody(body, version === STORED_LOG_VERSION ? LOG_VERSION : version);
      return body as unknown as LogBody;
    }),
  };
}
