import type { Row } from "../connection/database.ts";
import { corruptRow } from "../errors.ts";

/** Columns of a row by type; what is something else makes the row corrupt. `where` names the row in the error. */
export function textColumn(row: Row, column: string, where: string): string {
  const value = row[column];
  if (typeof value !== "string") throw corruptRow(where, `${column} is not text`);
  return value;
}

export function nullableText(row: Row, column: string, where: string): string | null {
  return row[column] === null ? null : textColumn(row, column, where);
}

export function numberColumn(row: Row, column: string, where: string): number {
  const value = row[column];
  if (typeof value !== "number" || !Number.isSafeInteger(value)) {
    throw corruptRow(where, `${column} is not a whole number`);
  }
  return value;
}

export function nullableNumber(row: Row, column: string, where: string): number | null {
  return row[column] === null ? null : numberColumn(row, column, where);
}

/** A JSON column that holds an object which has these members. Its deeper shape is what was checked when it was written. */
export function objectColumn<T>(
  row: Row,
  column: string,
  where: string,
  members: Readonly<Record<string, "string" | "number" | "object">>,
): T {
  const value = row[column];
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw corruptRow(where, `${column} is not a JSON object`);
  }
  for (const [member, type] of Object.entries(members)) {
    const found = (value as Record<string, unknown>)[member];
    if (typeof found !== type || found === null) {
      throw corruptRow(
        where,
        `member ${member} of ${column} is not ${type === "object" ? "an" : "a"} ${type}`,
      );
    }
  }
  return value as T;
}

export function oneOf<T extends string>(
  value: string,
  known: readonly T[],
  where: string,
  column: string,
): T {
  const found = known.find((k) => k === value);
  if (found === undefined) throw corruptRow(where, `${column} has an unknown value`);
  return found;
}
