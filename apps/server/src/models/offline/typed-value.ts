import type { Json, JsonObject } from "@pawl/core";
import type { Argument } from "./parse-program.ts";

type JsonType = "string" | "number" | "boolean" | "null" | "object" | "array";

/** References inside of a schema may be circular. */
const MAX_DEPTH = 16;

/**
 * The value of an argument as the tool's input schema (JSON Schema of the whole input) takes it: a string property
 * keeps `12` a string, a number property gets the number. Where the schema says nothing, bare JSON is read as JSON
 * and quoted text stays text. A value that fits nowhere is passed on as it reads best: the machine's validation
 * tells what is wrong with it.
 */
export function typedValue(argument: Argument, inputSchema: JsonObject | undefined): Json {
  const { text, quoted } = argument;
  const types = typesOf(propertySchema(inputSchema, argument.key), inputSchema, 0);
  const json = parseJson(text);
  if (json !== undefined && types?.has(typeOf(json)) && !(quoted && types.has("string"))) return json;
  if (types?.has("string") || quoted || json === undefined) return text;
  return json;
}

/** The JSON value that the text is, or undefined. Numbers that JavaScript cannot hold are none. */
function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text, (_key, value) => {
      if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError("not finite");
      return value;
    }) as Json;
  } catch {
    return undefined;
  }
}

function typeOf(value: Json): JsonType {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value as JsonType;
}

function propertySchema(root: JsonObject | undefined, key: string): Json | undefined {
  const properties = asObject(root?.properties);
  if (properties !== undefined && Object.hasOwn(properties, key)) return properties[key];
  return root?.additionalProperties;
}

/** The types that a schema admits by name; undefined when it does not restrict them. */
function typesOf(
  schema: Json | undefined,
  root: JsonObject | undefined,
  depth: number,
): ReadonlySet<JsonType> | undefined {
  const node = asObject(schema);
  if (node === undefined || depth > MAX_DEPTH) return undefined;
  if (typeof node.$ref === "string") return typesOf(resolve(node.$ref, root), root, depth + 1);
  if (node.type !== undefined) {
    const names = (Array.isArray(node.type) ? node.type : [node.type]) as readonly Json[];
    return new Set(names.map((name) => (name === "integer" ? "number" : name) as JsonType));
  }
  if (Array.isArray(node.enum)) return new Set((node.enum as readonly Json[]).map(typeOf));
  if (node.const !== undefined) return new Set([typeOf(node.const)]);
  const choices = node.anyOf ?? node.oneOf;
  if (Array.isArray(choices)) {
    const each = (choices as readonly Json[]).map((choice) => typesOf(choice, root, depth + 1));
    if (each.some((types) => types === undefined)) return undefined;
    return new Set(each.flatMap((types) => [...(types ?? [])]));
  }
  if (Array.isArray(node.allOf)) {
    for (const part of node.allOf as readonly Json[]) {
      const types = typesOf(part, root, depth + 1);
      if (types !== undefined) return types;
    }
  }
  return undefined;
}

/** A reference inside of the same document, as a JSON pointer (RFC 6901). */
function resolve(ref: string, root: JsonObject | undefined): Json | undefined {
  if (root === undefined || !ref.startsWith("#/")) return ref === "#" ? root : undefined;
  let node: Json | undefined = root;
  for (const step of ref.slice(2).split("/")) {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~");
    const object: JsonObject | undefined = asObject(node);
    node = object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
  }
  return node;
}

function asObject(value: Json | undefined): JsonObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : undefined;
}
