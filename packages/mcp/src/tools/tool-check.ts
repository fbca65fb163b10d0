import type { McpProblem, McpTool } from "@pawl/mcp-cache";
import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { z } from "zod";

const jsonObject = z.record(z.string(), z.unknown());

const toolShape = z.object({
  name: z.string().min(1).max(256),
  title: z.string().optional().catch(undefined),
  description: z.string().optional().catch(undefined),
  inputSchema: jsonObject,
  outputSchema: jsonObject.optional(),
  execution: z.object({ taskSupport: z.string().optional() }).optional().catch(undefined),
  annotations: z
    .object({
      title: z.string().optional().catch(undefined),
      readOnlyHint: z.boolean().optional().catch(undefined),
      destructiveHint: z.boolean().optional().catch(undefined),
      idempotentHint: z.boolean().optional().catch(undefined),
      openWorldHint: z.boolean().optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
});

const ajvOptions = { strict: false, validateFormats: false, logger: false as const };
let draft2020: Ajv2020 | undefined;
let draft07: Ajv | undefined;

/** Either the tool, or why it is left out; a broken tool never costs its siblings. */
export function checkTool(raw: unknown): { readonly tool: McpTool } | { readonly problem: McpProblem } {
  const parsed = toolShape.safeParse(raw);
  if (!parsed.success) {
    const name =
      typeof raw === "object" && raw !== null && "name" in raw ? String(raw.name).slice(0, 256) : undefined;
    return problem(
      name,
      `Left out: it is not described as the protocol asks for. ${z.prettifyError(parsed.error)}`,
    );
  }
  const { execution, ...tool } = parsed.data;
  const { name, inputSchema, outputSchema } = tool;
  if (execution?.taskSupport === "required") {
    return problem(name, "Left out: it can only be called as a task, which this client does not speak.");
  }
  const why = schemaFault(inputSchema) ?? (outputSchema && schemaFault(outputSchema));
  if (why !== undefined) return problem(name, `Left out: its schema cannot be used. ${why}`);
  return { tool: withoutUndefined(tool) as McpTool };
}

function problem(tool: string | undefined, message: string): { readonly problem: McpProblem } {
  return { problem: { code: "mcp_tool_schema_invalid", message, ...(tool === undefined ? {} : { tool }) } };
}

/** Why a schema is of no use to a model, or `undefined`. The schema is checked, not compiled: it is a stranger's. */
function schemaFault(schema: Record<string, unknown>): string | undefined {
  if (isTooDeep(schema)) return `It is nested more than ${MAX_SCHEMA_DEPTH} levels deep.`;
  if (schema.type !== "object") return 'The root must have "type": "object".';
  const dialect = typeof schema.$schema === "string" ? schema.$schema : undefined;
  const isOld = dialect !== undefined && /draft-0[4-7]/.test(dialect);
  // Without a dialect the protocol means 2020-12, but many servers still write draft-07.
  const fault2020 = isOld ? "" : metaFault(() => (draft2020 ??= new Ajv2020(ajvOptions)), schema);
  if (fault2020 !== undefined && (isOld || dialect === undefined)) {
    const fault07 = metaFault(() => (draft07 ??= new Ajv(ajvOptions)), schema);
    if (fault07 !== undefined) return fault2020 === "" ? fault07 : fault2020;
  } else if (fault2020 !== undefined) return fault2020;
  const reference = brokenReference(schema);
  return reference === undefined ? undefined : `"${reference}" refers to nothing in the schema.`;
}

function metaFault(ajvOf: () => Ajv | Ajv2020, schema: Record<string, unknown>): string | undefined {
  const ajv = ajvOf();
  // `$schema` and `$id` of a stranger must neither select nor register anything in our validator.
  const { $schema: _dialect, $id: _id, ...rest } = schema;
  try {
    return ajv.validateSchema(rest, false) === true
      ? undefined
      : ajv.errorsText(ajv.errors) || "It is not a JSON Schema.";
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Deeper than any schema that is meant for a model; walking by recursion is safe up to here. */
const MAX_SCHEMA_DEPTH = 64;

function isTooDeep(root: unknown): boolean {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_SCHEMA_DEPTH) return true;
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null
        ? Object.values(value).filter((inner) => typeof inner === "object" && inner !== null)
        : [],
    );
  }
  return false;
}

/** The first local `$ref` whose target does not exist. */
function brokenReference(root: Record<string, unknown>): string | undefined {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== "object" || next === null) continue;
    const reference = (next as Record<string, unknown>).$ref;
    if (typeof reference === "string" && reference.startsWith("#/") && !pointsSomewhere(root, reference))
      return reference;
    for (const value of Object.values(next)) open.push(value);
  }
  return undefined;
}

function pointsSomewhere(root: unknown, reference: string): boolean {
  let at = root;
  for (const part of reference.slice(2).split("/")) {
    let key = part;
    try {
      key = decodeURIComponent(part);
    } catch {
      // A stray percent sign is part of the name.
    }
    key = key.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return false;
    at = (at as Record<string, unknown>)[key];
  }
  return true;
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, key === "annotations" ? withoutUndefined(inner as object) : inner]),
  );
}
