import { hash } from "node:crypto";
import type { Row } from "./database.ts";

/** One SQL statement. `{schema}` in its text stands for the quoted name of the schema. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** Which of its rows are looked at by core's decoders: these are loaded when there is one. Absent: none. */
  readonly isDecoded?: (row: Row) => boolean;
}

/** A statement, ready for one schema. */
export interface BoundStatement {
  /** Of the prepared statement: the same name is the same text on every connection. */
  readonly name: string;
  readonly text: string;
}

export function statement(name: string, text: string): Statement {
  return { name, text };
}

export function decodedStatement(
  name: string,
  text: string,
  isDecoded: (row: Row) => boolean = () => true,
): Statement {
  return { name, text, isDecoded };
}

export function bindStatement({ name, text }: Statement, schema: string): BoundStatement {
  // The name first: who looks at pg_stat_activity sees it before the text is cut off.
  const bound = `/* pawl ${name} */ ${text.trim().replaceAll("{schema}", quoteIdentifier(schema))}`;
  return { name: `pawl_${name}_${hash("sha256", bound).slice(0, 12)}`, text: bound };
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
