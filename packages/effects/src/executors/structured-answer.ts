import {
  type AnswerPart,
  type Json,
  type JsonObject,
  type ModelAnswer,
  type Schema,
  toolOutput,
  validate,
} from "@pawl/core";
import { jsonSchema } from "../json-schema.ts";

/** Finds the schema that a JSON Schema was made of, which may check more than that can say; undefined: none in this process. */
export type FindSchema = (schema: JsonObject) => Schema | undefined;

/** What is told of a misfit, in characters. */
const MAX_ISSUE_CHARS = 2_000;

/**
 * An answer that shall fit a schema: with a structured part in place of its text when it does, else with the reason why not. Recorded
 * so: whoever replays the turn needs no schema. A model that found the form by itself has a structured part already, and it is checked.
 */
export async function structuredAnswer(
  answer: ModelAnswer,
  schema: JsonObject,
  find: FindSchema = () => undefined,
): Promise<ModelAnswer> {
  const { parts } = answer;
  // The turn goes on with the calls; the answer comes later.
  if (parts.some(({ type }) => type === "tool_call")) return answer;
  const given = parts.find((part) => part.type === "structured");
  const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  if (given === undefined && text.trim() === "") return answer;
  const value = given === undefined ? parseJson(text) : given.value;
  if (value === undefined) return { ...answer, outputIssue: "It is not JSON." };
  const issue = await misfit(value, find(schema) ?? jsonSchema(schema));
  if (issue !== undefined) {
    return { ...answer, parts: parts.map(asText), outputIssue: issue.slice(0, MAX_ISSUE_CHARS) };
  }
  const rest = parts.filter(({ type }) => type !== "text" && type !== "structured");
  return { ...answer, parts: [...rest, { type: "structured", value }] };
}

async function misfit(value: Json, schema: Schema): Promise<string | undefined> {
  try {
    const checked = await validate(schema, value);
    return checked.ok ? undefined : checked.message;
  } catch (thrown) {
    // A schema's own code may throw; the turn shall hear of it, and not hang.
    return `The schema could not check it: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
}

/** A part that claims to be structured and does not fit is no answer. */
function asText(part: AnswerPart): AnswerPart {
  return part.type === "structured" ? { type: "text", text: JSON.stringify(part.value) } : part;
}

/** Models like to put JSON into a fenced block. Undefined for what is no JSON. */
function parseJson(text: string): Json | undefined {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n\s*```\s*$/i.exec(text)?.[1];
  try {
    return toolOutput(JSON.parse(fenced ?? text));
  } catch {
    return undefined;
  }
}
