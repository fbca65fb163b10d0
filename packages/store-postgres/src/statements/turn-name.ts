/**
 * Rows of the log name their turn only where it begins and ends, and in each 32nd row: the others are of the turn that was named last
 * before them. So whoever begins to read anywhere finds it within so many rows.
 */
const NAMED_EVERY = 32;

/** What the column says of a row with this number that is of this turn; both are SQL. */
export function turnName(seq: string, turn: string): string {
  return `case when ${seq} % ${NAMED_EVERY} = 0 then ${turn} end`;
}
