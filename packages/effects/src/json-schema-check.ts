// Imported when a schema is first checked: it brings along what of zod it uses, a fifth of the memory of an idle host.
import type { JsonObject } from "@pawl/core";
import { fromJSONSchema } from "zod";
import { en } from "zod/locales";

/** What is wrong with a value and where, or the value as the schema reads it. */
export type CheckedJson =
  | { readonly value: unknown }
  | { readonly issues: readonly { readonly message: string; readonly path: PropertyKey[] }[] };

// Handed in: what an application configures of its own zod is none of our business.
const IN_WORDS = { error: en().localeError };

/** What checks values against a JSON Schema. @throws Error for a schema that cannot be checked */
export function checkOfJsonSchema(schema: JsonObject): (value: unknown) => CheckedJson {
  const checked = fromJSONSchema(schema as Parameters<typeof fromJSONSchema>[0]);
  return (value) => {
    const { data, error } = checked.safeParse(value, IN_WORDS);
    return error === undefined ? { value: data } : { issues: error.issues };
  };
}
