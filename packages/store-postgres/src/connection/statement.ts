import { createHash } from "node:crypto";

/** One SQL statement. `{schema}` in its text stands for the quoted name of the schema. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  /** Its rows are looked at by core's decoders, which are loaded before it runs. */
  readonly isDecoded: boolean;
}

/** A statement, ready for one schema. */
export interface BoundStatement {
  /** Of the prepared statement: the same name is the same text on every connection. */
  readonly name: string;
  readonly text: string;
}

export function statement(name: string, text: string): Statement {
  return { name, text, isDecoded: false };
}

export function decodedStatement(name: string, text: string): Statement {
  return { name, text, isDecoded: true };
}

export function bindStatement({ name, text }: Statement, schema: string): BoundStatement {
  // The name first: who looks at pg_stat_activity sees it before the text is cut off.
  const bound = `/* pawl ${name} */ ${text.trim().replaceAll("{schema}", quoteIdentifier(schema))}`;
  const hash = createHash("sha256").update(bound).digest("hex").slice(0, 12);
  return { name: `pawl_${name}_${hash}`, text: bound };
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
