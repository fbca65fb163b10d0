import { type Json, type JsonObject, PawlError, type Schema } from "@pawl/core";

type Validate = Schema<unknown, Json>["~standard"]["validate"];

/**
 * A JSON Schema as a schema: for those that come from elsewhere, without the code that made them. One that cannot be checked here
 * is refused with PawlError `schema_unsupported` where it is first used: sent with an input, or checked against.
 */
export function jsonSchema(schema: JsonObject): Schema<unknown, Json> {
  let check: Promise<Validate> | undefined;
  return {
    "~standard": {
      version: 1,
      vendor: "pawl",
      async validate(value) {
        check ??= jsonSchemaCheck(schema);
        return (await check)(value);
      },
      jsonSchema: { input: () => schema, output: () => schema },
    },
  };
}

/**
 * What checks values against a JSON Schema.
 *
 * @throws PawlError `schema_unsupported` for what cannot be checked here
 */
export async function jsonSchemaCheck(schema: JsonObject): Promise<Validate> {
  const { checkOfJsonSchema } = await import("./json-schema-check.ts");
  try {
    return checkOfJsonSchema(schema) as Validate;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PawlError("schema_unsupported", `This JSON Schema cannot be checked: ${why}`, { cause });
  }
}
