// What group commit puts into one statement; pure.
import type { Fence } from "@pawl/core/ports";
import { fenceValues, nodeValues } from "../fence-values.ts";
import { STORED_LOG_VERSION, type StoredLogRow } from "../rows/log-row.ts";
import { arrayText } from "./array-text.ts";
import type { Parameter } from "./bind-message.ts";

/** Bounds of one batch. A statement of this size takes some milliseconds; more would make the others wait for nothing. */
const MOST_ROWS = 1000;
const MOST_CHARACTERS = 2 * 1024 * 1024;

const NONE: ReadonlySet<string> = new Set();

export interface Append {
  readonly fence: Fence;
  /** Dense, of one turn, at least one. */
  readonly rows: readonly StoredLogRow[];
  readonly characters: number;
  /** Not to be written when an input wants to steer the turn: a checkpoint that found none (D19). */
  readonly unlessSteered: boolean;
  /** False: it was steered, and not written. */
  readonly resolve: (written: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** The appends of one session in one batch: one dense run of rows. */
export interface Part {
  readonly fence: Fence;
  readonly turnId: string;
  readonly first: number;
  /** The number after the last. */
  next: number;
  readonly unlessSteered: boolean;
  readonly appends: Append[];
}

/**
 * Takes what fits into one statement out of the queue, oldest first; appends of one session keep their order. What is of a session in
 * `held` stays, and no more than `most` sessions are taken.
 */
export function takeBatch(
  queue: Append[],
  held: ReadonlySet<string> = NONE,
  most = Number.POSITIVE_INFINITY,
): readonly Part[] {
  const parts = new Map<string, Part>();
  const later = new Set<string>();
  const left: Append[] = [];
  let rows = 0;
  let characters = 0;
  for (const append of queue) {
    const { fence } = append;
    const part = parts.get(fence.sessionId);
    const fits =
      rows === 0 ||
      (rows + append.rows.length <= MOST_ROWS && characters + append.characters <= MOST_CHARACTERS);
    const isHeld = held.has(fence.sessionId) || later.has(fence.sessionId);
    if (!fits || isHeld || (part === undefined ? parts.size >= most : !continues(part, append))) {
      later.add(fence.sessionId);
      left.push(append);
      continue;
    }
    const { first, turnId } = append.rows[0]!;
    const next = append.rows.at(-1)!.seq + 1;
    const { unlessSteered } = append;
    if (part === undefined)
      parts.set(fence.sessionId, { fence, turnId, first, next, unlessSteered, appends: [append] });
    else {
      part.appends.push(append);
      part.next = next;
    }
    rows += append.rows.length;
    characters += append.characters;
  }
  queue.splice(0, queue.length, ...left);
  return [...parts.values()];
}

export function sameHolder(a: Fence, b: Fence): boolean {
  return a.epoch === b.epoch && a.node.generation === b.node.generation && a.node.nonce === b.node.nonce;
}

/** What depends on being steered or not has a fate of its own: nothing of its session goes with it. */
function continues(part: Part, { fence, rows, unlessSteered }: Append): boolean {
  if (part.unlessSteered || unlessSteered) return false;
  return sameHolder(part.fence, fence) && part.turnId === rows[0]!.turnId && part.next === rows[0]!.first;
}

/** The parameters of `append_next_row`, when these parts are one row; else undefined. */
export function valuesOfRow([part, another]: readonly Part[]): readonly Parameter[] | undefined {
  if (part === undefined || another !== undefined) return undefined;
  const [row] = part.appends[0]!.rows;
  if (row === undefined || row.seq !== part.next - 1) return undefined;
  const { seq, ordinal, at, body, first } = row;
  return [
    ...fenceValues(part.fence),
    part.turnId,
    seq,
    ordinal,
    at,
    body,
    STORED_LOG_VERSION,
    part.unlessSteered,
    first,
  ];
}

/** The parameters of `append_next_rows`, for rows under one node lease. */
export function valuesOfNext(rows: readonly RowOfPart[]): readonly Parameter[] {
  return [
    ...nodeValues(rows[0]!.part.fence.node),
    arrayText(rows.map((r) => r.part.fence.sessionId)),
    arrayText(rows.map((r) => r.part.fence.epoch)),
    arrayText(rows.map((r) => r.part.turnId)),
    arrayText(rows.map((r) => r.row.seq)),
    arrayText(rows.map((r) => r.row.ordinal)),
    arrayText(rows.map((r) => r.row.at)),
    `[${rows.map((r) => r.row.body).join()}]`,
    STORED_LOG_VERSION,
    arrayText(rows.map((r) => r.part.unlessSteered)),
    arrayText(rows.map((r) => r.row.first)),
  ];
}

/** The parameters of `append_log_rows`. */
export function valuesOf(parts: readonly Part[]): unknown[] {
  const rows = rowsOf(parts);
  return [
    parts.map((p) => p.fence.node.nodeId),
    parts.map((p) => p.fence.node.generation),
    parts.map((p) => p.fence.node.nonce),
    parts.map((p) => p.fence.sessionId),
    parts.map((p) => p.fence.epoch),
    parts.map((p) => p.turnId),
    parts.map((p) => p.first),
    rows.map((r) => r.place),
    rows.map((r) => r.row.seq),
    rows.map((r) => r.row.turnId),
    rows.map((r) => r.row.ordinal),
    rows.map((r) => r.row.at),
    rows.map((r) => r.row.body),
    STORED_LOG_VERSION,
    parts.map((p) => p.unlessSteered),
    rows.map((r) => r.row.first),
  ];
}

export interface RowOfPart {
  readonly part: Part;
  /** Of the part in the batch, from 1, as WITH ORDINALITY counts. */
  readonly place: number;
  readonly row: StoredLogRow;
}

export function rowsOf(parts: readonly Part[]): readonly RowOfPart[] {
  const rows: RowOfPart[] = [];
  for (const [index, part] of parts.entries()) {
    for (const append of part.appends)
      for (const row of append.rows) rows.push({ part, place: index + 1, row });
  }
  return rows;
}
