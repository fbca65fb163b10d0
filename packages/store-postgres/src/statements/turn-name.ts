/**
 * Rows of the log name their turn only where it begins and ends, and in the row that holds each 32nd: the others are of the turn that was named last
 * before them. So whoever begins to read anywhere finds it within so many rows.
 */
const NAMED_EVERY = 32;

/** What the column says of a row with this number, the last of those that it holds, the number of the first, and its turn; all are SQL. */
export function turnName(seq: string, first: string, turn: string): string {
  return `case when ${seq} / ${NAMED_EVERY} > (${first} - 1) / ${NAMED_EVERY} then ${turn} end`;
}
