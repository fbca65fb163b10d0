import { PawlError, type Schema } from "@pawl/core";

/** The schema object that `jsonSchema()` and `zodSchema()` of the AI SDK make. */
interface AiSchema {
  readonly jsonSchema: unknown;
  readonly validate?: (value: unknown) => unknown;
}

type AiValidation =
  | { readonly success: true; readonly value: unknown }
  | { readonly success: false; readonly error: Error };

/**
 * The input schema of an AI SDK tool as core's: Standard Schemas as they are, AI SDK schemas (also lazy ones)
 * wrapped. `what` names the tool in errors.
 *
 * @throws PawlError `schema_unsupported`
 */
export function toSchema(given: unknown, what: string): Schema {
  const isObject = typeof given === "object" && given !== null;
  if ((isObject || typeof given === "function") && "~standard" in given) return given as Schema;
  if (typeof given === "function") return toSchema(given(), what);
  if (isObject && "jsonSchema" in given) return fromAiSchema(given as AiSchema, what);
  throw new PawlError(
    "schema_unsupported",
    `The schema of ${what} must be a Standard Schema, as zod 4.2 or newer makes, or come from jsonSchema() of the AI SDK.`,
  );
}

function fromAiSchema(schema: AiSchema, what: string): Schema {
  const { jsonSchema } = schema;
  if (typeof jsonSchema !== "object" || jsonSchema === null || "then" in jsonSchema) {
    throw new PawlError(
      "schema_unsupported",
      `The schema of ${what} is made asynchronously: await it first and hand in the result with jsonSchema().`,
    );
  }
  const asJsonSchema = () => jsonSchema as Record<string, unknown>;
  return {
    "~standard": {
      version: 1,
      vendor: "ai-sdk",
      jsonSchema: { input: asJsonSchema, output: asJsonSchema },
      async validate(value) {
        // Without a validator the AI SDK accepts whatever the model sends, and so does this.
        if (schema.validate === undefined) return { value };
        const result = (await schema.validate(value)) as AiValidation;
        return result.success ? { value: result.value } : { issues: [{ message: result.error.message }] };
      },
    },
  };
}
