import type { Json, ToolDefinition } from "@pawl/core";
import type { CheckedJson } from "../json-schema-check.ts";

/**
 * What is wrong with arguments, by the tool's own description of them; undefined when nothing is, or when the description cannot be
 * checked here: then the tool itself does when it is called.
 */
export async function checkToolInput(
  { inputSchema }: ToolDefinition,
  input: Json,
): Promise<string | undefined> {
  const { checkOfJsonSchema } = await import("../json-schema-check.ts");
  let check: (value: unknown) => CheckedJson;
  try {
    check = checkOfJsonSchema(inputSchema);
  } catch {
    return undefined;
  }
  const checked = check(input);
  if ("value" in checked) return undefined;
  return checked.issues.map(({ path, message }) => [...path.map(String), message].join(": ")).join("; ");
}
