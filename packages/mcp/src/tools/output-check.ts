import type { ToolDefinition } from "@pawl/core";
import { Ajv, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";

/** Compiling is not linear in the size of a schema, and this one is a stranger's. */
const MAX_SCHEMA_CHARS = 65_536;

/** Patterns are not run: a stranger who sends both pattern and text could keep a regular expression busy for ever. */
const anyText = Object.assign(() => ({ test: () => true }), { code: "anyText" });

const compiled = new WeakMap<object, ValidateFunction | null>();

/**
 * Why an answer does not match its tool's own output schema, or `undefined`. A schema is compiled at its first use; one
 * that cannot be compiled checks nothing.
 */
export function outputFault(definition: ToolDefinition, output: unknown): string | undefined {
  const schema = definition.outputSchema;
  if (schema === undefined) return undefined;
  let validate = compiled.get(schema);
  if (validate === undefined) {
    validate = compile(schema);
    compiled.set(schema, validate);
  }
  if (validate === null || validate(output)) return undefined;
  const fault = validate.errors?.[0];
  return fault === undefined
    ? "it is not valid."
    : `${fault.instancePath || "/"} ${fault.message ?? "is not valid"}.`;
}

function compile(schema: { readonly [key: string]: unknown }): ValidateFunction | null {
  if (JSON.stringify(schema).length > MAX_SCHEMA_CHARS) return null;
  const isOld = typeof schema.$schema === "string" && /draft-0[4-7]/.test(schema.$schema);
  const { $schema: _dialect, $id: _id, ...rest } = schema;
  const options = {
    strict: false,
    validateFormats: false,
    validateSchema: false,
    logger: false as const,
    code: { regExp: anyText },
  };
  try {
    // An instance of its own: what a stranger's schema registers ends with it.
    return (isOld ? new Ajv(options) : new Ajv2020(options)).compile(rest);
  } catch {
    return null;
  }
}
