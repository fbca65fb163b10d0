import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { PawlError } from "../errors.ts";
import type { JsonObject } from "../json.ts";

/**
 * A schema that can both validate and describe itself: anything that speaks Standard Schema and Standard JSON Schema.
 * zod (≥ 4.2) is the tested default.
 */
export type Schema<Input = unknown, Output = Input> = {
  readonly "~standard": StandardSchemaV1.Props<Input, Output> & StandardJSONSchemaV1.Props<Input, Output>;
};

export type InferSchema<S extends Schema> = StandardSchemaV1.InferOutput<S>;

/** JSON Schema (draft 2020-12) of what the schema accepts. @throws PawlError `schema_unsupported` */
export function jsonSchemaOf(schema: Schema, what: string): JsonObject {
  const converter = schema?.["~standard"]?.jsonSchema;
  if (typeof converter?.input !== "function" || typeof schema["~standard"].validate !== "function") {
    throw new PawlError(
      "schema_unsupported",
      `The schema of ${what} must speak Standard Schema and Standard JSON Schema, as zod 4.2 or newer does.`,
    );
  }
  try {
    // Plain JSON without prototypes or undefined, so that it can be hashed and stored.
    return JSON.parse(JSON.stringify(converter.input({ target: "draft-2020-12" }))) as JsonObject;
  } catch (cause) {
    throw new PawlError("schema_unsupported", `The schema of ${what} cannot be written as JSON Schema.`, {
      cause,
    });
  }
}

export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly message: string };

/** Validates, and says in one line per issue where and what is wrong. */
export async function validate<T>(schema: Schema<unknown, T>, value: unknown): Promise<Validated<T>> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return { ok: true, value: result.value };
  const lines = result.issues.map((issue) => {
    const path = (issue.path ?? []).map((p) => String(typeof p === "object" ? p.key : p)).join(".");
    return path === "" ? issue.message : `${path}: ${issue.message}`;
  });
  return { ok: false, message: lines.join("\n") };
}
