const ESCAPED = /["\\]/;

/** A list as PostgreSQL reads it from text. For the hottest statements: the driver makes several calls for each member. */
export function arrayText(values: readonly (string | number | boolean | null)[]): string {
  let text = "{";
  for (const value of values) {
    if (text.length > 1) text += ",";
    if (value === null) text += "NULL";
    else if (typeof value !== "string") text += value;
    else text += `"${ESCAPED.test(value) ? value.replaceAll(/["\\]/g, "\\$&") : value}"`;
  }
  return `${text}}`;
}
