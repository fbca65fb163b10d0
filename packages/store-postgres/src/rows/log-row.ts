import { type Json, LOG_VERSION, type LogBody, type LogRow, type TurnId } from "@pawl/core";
import type { Row } from "../connection/database.ts";
import { notStorable } from "../errors.ts";
import { packLogBody, SEVERAL_TAG, saidBy, separateBodies, unpackLogBody } from "../packing/log-body.ts";
import { storableJson, storableText } from "../storable.ts";
import { nullableNumber, numberColumn, textColumn } from "./column.ts";
import { decodedValue } from "./decoded-column.ts";
import { decoders } from "./decoders.ts";

/** How bodies are stored: 1 as they are, 2 packed where they fit. What is packed is a body of `LOG_VERSION`. */
export const STORED_LOG_VERSION = 2;

/** A row of the log as its columns, checked before it is sent. It may hold several that are written and read together. */
export interface StoredLogRow {
  /** Of the last of those that it holds, as the other columns are. */
  readonly seq: number;
  readonly first: number;
  readonly turnId: string;
  readonly ordinal: number | null;
  readonly at: number;
  readonly body: string;
}

/** @param before the row before it, in the same row of the table. @throws PawlError `not_storable` */
export function storedLogRow(row: LogRow, before?: LogRow): StoredLogRow {
  const what = `Row ${row.seq} of the log`;
  storableText(row.turnId, what);
  for (const number of [row.seq, row.ordinal, row.at])
    if (!Number.isFinite(number ?? 0)) throw notStorable(what, `${number}`);
  const { seq, turnId, ordinal } = row;
  const at = Math.round(row.at);
  const body = storableJson(packLogBody(row.body, { turnId, at, ...saidBy(before?.body) }), what);
  return { seq, first: seq, turnId, ordinal, at, body };
}

/**
 * Rows as they are stored, in fewer: inputs of the machine that follow one another share one, which costs them one entry in the index and
 * one set of columns. Only for rows that are handed in together again after a lost answer: they are recognised as they were joined.
 *
 * @throws PawlError `not_storable`
 */
export function joinedRows(rows: readonly LogRow[]): readonly StoredLogRow[] {
  const joined: StoredLogRow[] = [];
  let run: StoredLogRow[] = [];
  let characters = 0;
  for (const [index, row] of rows.entries()) {
    const before = rows[index - 1];
    const goesOn = row.ordinal !== null && before?.ordinal === row.ordinal - 1;
    const next = goesOn ? storedLogRow(row, before) : undefined;
    if (next !== undefined && characters + next.body.length <= MOST_JOINED_CHARACTERS) run.push(next);
    else {
      if (run.length > 0) joined.push(joinedRow(run));
      run = [storedLogRow(row)];
      characters = 0;
    }
    characters += run.at(-1)!.body.length;
  }
  if (run.length > 0) joined.push(joinedRow(run));
  return joined;
}

/** Whoever reads a row of the table has all of it in memory. */
const MOST_JOINED_CHARACTERS = 256 * 1024;

function joinedRow(run: readonly StoredLogRow[]): StoredLogRow {
  const last = run.at(-1)!;
  if (run.length === 1) return last;
  const earlier = run.slice(0, -1).map(({ at }) => last.at - at);
  const times = earlier.some((ms) => ms !== 0) ? `,[${earlier.join()}]` : "";
  const body = `[${SEVERAL_TAG},[${run.map((row) => row.body).join()}]${times}]`;
  return { ...last, first: run[0]!.first, body };
}

/** The last of the rows that this holds, as a reader gets it: detached from what the writer handed in. */
export function lastRowOf({ seq, turnId, ordinal, at, body }: StoredLogRow): LogRow {
  let last: LogBody | undefined;
  for (const one of separateBodies(JSON.parse(body) as Json, at)) {
    last = unpackLogBody(one.body, { turnId, at: one.at, ...saidBy(last) }) as unknown as LogBody;
  }
  return { seq, turnId: turnId as TurnId, ordinal, at, body: last! };
}

/**
 * The rows that rows of the table hold, in order and with larger numbers than `after`. One that names no turn is of the turn of the row
 * before it. @throws PawlError `store_corrupt_row`
 */
export function logRowsOf(stored: readonly Row[], after = 0): readonly LogRow[] {
  let turn: unknown = stored[0]?.turn_before;
  const rows: LogRow[] = [];
  for (const row of stored) {
    turn = row.turn_id ?? turn;
    for (const one of rowsOfRow(row, turn)) if (one.seq > after) rows.push(one);
  }
  return rows;
}

function rowsOfRow(row: Row, turn: unknown): readonly LogRow[] {
  const where = `Row ${String(row.seq)} of the log of "${String(row.session_id)}"`;
  const turnId = textColumn({ turn_id: turn }, "turn_id", where) as TurnId;
  const seq = numberColumn(row, "seq", where);
  const at = numberColumn(row, "at", where);
  const ordinal = nullableNumber(row, "ordinal", where);
  const stored = numberColumn(row, "version", where);
  const version = stored === STORED_LOG_VERSION ? LOG_VERSION : stored;
  // What is returned is what was handed in, in the same order of members (D26).
  return decodedValue("body", where, () => {
    const bodies = separateBodies(row.body as Json, at);
    let last: LogBody | undefined;
    return bodies.map((one, index): LogRow => {
      const before = bodies.length - 1 - index;
      const body = unpackLogBody(one.body, { turnId, at: one.at, ...saidBy(last) });
      decoders().decodeLogBody(body, version);
      last = body as unknown as LogBody;
      return {
        seq: seq - before,
        turnId,
        ordinal: ordinal === null ? null : ordinal - before,
        at: one.at,
        body: last,
      };
    });
  });
}
