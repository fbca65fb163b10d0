import type { Json, JsonObject, SignalDeclaration } from "@pawl/core";
import { signalInvalid } from "../errors.ts";
import { type CheckedJson, checkOfJsonSchema } from "../json-schema-check.ts";

type Check = (value: unknown) => CheckedJson;

/** Checks of declared schemas, by the object that was declared: records come frozen from a store, and again and again. */
const checks = new WeakMap<JsonObject, Check>();

/** @throws PawlError `process_signal_invalid` when the signal was not declared, or its payload does not fit */
export function checkSignal(declared: readonly SignalDeclaration[], name: string, payload: Json): void {
  const declaration = declared.find((one) => one.name === name);
  if (declaration === undefined) {
    const known = declared.map((one) => one.name).join(", ") || "none";
    throw signalInvalid(`The background task takes no signal "${name}"; it takes: ${known}.`);
  }
  const checked = checkOf(declaration)(payload);
  if ("value" in checked) return;
  const lines = checked.issues.map(({ path, message }) => [...path, message].map(String).join(": "));
  throw signalInvalid(`The payload of signal "${name}" does not fit its schema. ${lines.join("; ")}`);
}

function checkOf({ name, schema }: SignalDeclaration): Check {
  let check = checks.get(schema);
  if (check === undefined) {
    try {
      check = checkOfJsonSchema(schema);
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw signalInvalid(`The schema that was declared for signal "${name}" cannot be checked: ${problem}`);
    }
    checks.set(schema, check);
  }
  return check;
}
