import { type Json, type JsonObject, PawlError, type Schema } from "@pawl/core";
import { z } from "zod";

/**
 * A JSON Schema as a schema: for those that come from elsewhere, without the code that made them.
 *
 * @throws PawlError `schema_unsupported` for what cannot be checked here
 */
export function jsonSchema(schema: JsonObject): Schema<unknown, Json> {
  let checked: z.ZodType;
  try {
    checked = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PawlError("schema_unsupported", `This JSON Schema cannot be checked: ${why}`, { cause });
  }
  const { validate } = checked["~standard"];
  return {
    "~standard": {
      version: 1,
      vendor: "pawl",
      validate: validate as Schema<unknown, Json>["~standard"]["validate"],
      jsonSchema: { input: () => schema, output: () => schema },
    },
  };
}
