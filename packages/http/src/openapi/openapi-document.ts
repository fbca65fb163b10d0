import { z } from "zod";
import type { Route } from "../route.ts";
import type { AnswerDoc } from "./route-doc.ts";

type JsonSchema = { readonly [key: string]: unknown };

const ERROR: JsonSchema = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message"],
      properties: {
        code: { type: "string", description: "Stable, in snake_case." },
        message: { type: "string", description: "What happened and what to do." },
      },
    },
  },
};

/** Errors that every route can answer with. */
const ERRORS = {
  "401": "No valid token",
  "403": "The token may not be used for this",
  "429": "Too much at once: the header Retry-After says when to come again",
  default: "Any other error",
} as const;

/** Answers that come without a token. */
export const OPENAPI_PATH = "/v1/openapi.json";

/** The OpenAPI 3.1 document of routes, from the schemas that they check requests and write answers with. Pure. */
export function openApiDocument(routes: readonly Route[], basePath: string): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:([a-z_]+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Pawl",
      version: "1",
      description: "Durable agents: sessions, turns, what they wait for, and what they did.",
    },
    servers: [{ url: basePath === "" ? "/" : basePath }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { Error: ERROR },
      responses: Object.fromEntries(
        Object.entries(ERRORS).map(([status, description]) => [
          `Error${status}`,
          {
            description,
            content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
          },
        ]),
      ),
    },
  };
}

function operationOf({ path, scope, doc }: Route): JsonSchema {
  const named = [...path.matchAll(/:([a-z_]+)/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const streams = Object.values(doc.answers).some(({ stream }) => stream);
  const parameters = [...named, ...queryOf(doc.query), ...(streams ? [LAST_EVENT_ID] : [])];
  return {
    operationId: doc.operation,
    summary: doc.summary,
    "x-pawl-scope": scope,
    ...(parameters.length > 0 && { parameters }),
    ...(doc.body !== undefined && {
      requestBody: {
        required: !doc.body.safeParse(undefined).success,
        content: { "application/json": { schema: jsonSchema(doc.body) } },
      },
    }),
    ...(doc.file === true && {
      requestBody: { required: true, content: { "*/*": { schema: { type: "string", format: "binary" } } } },
    }),
    responses: {
      ...Object.fromEntries(
        Object.entries(doc.answers).map(([status, answer]) => [status, answerOf(answer)]),
      ),
      ...Object.fromEntries(
        Object.keys(ERRORS).map((status) => [status, { $ref: `#/components/responses/Error${status}` }]),
      ),
    },
  };
}

const LAST_EVENT_ID = {
  name: "last-event-id",
  in: "header",
  required: false,
  description: "The id of the last event that was seen; newer than `after`, which it wins over.",
  schema: { type: "string" },
};

function queryOf(query: z.ZodType | undefined): readonly JsonSchema[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(query) as {
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function answerOf({ description, schema, stream }: AnswerDoc): JsonSchema {
  if (schema === undefined) return { description };
  const type = stream === true ? "text/event-stream" : "application/json";
  return { description, content: { [type]: { schema: jsonSchema(schema) } } };
}

/** By what goes in, also for answers: they may get members that are not known yet. */
function jsonSchema(schema: z.ZodType): JsonSchema {
  return plain(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" })) as JsonSchema;
}

/** Without definitions: what refers to one is any JSON value, which is the only shape here that holds itself. */
function plain(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== "object" || schema === null) return schema;
  if ("$ref" in schema) return {};
  const isNumber = "type" in schema && schema.type === "integer";
  return Object.fromEntries(
    Object.entries(schema)
      // In a query numbers are text, and their pattern says no more than their type.
      .filter(([key]) => key !== "$defs" && key !== "$schema" && !(isNumber && key === "pattern"))
      .map(([key, value]) => [key, plain(value)]),
  );
}
