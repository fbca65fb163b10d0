import type { Json, ToolDefinition } from "@pawl/core";
import type { ZodType } from "zod";

/**
 * What is wrong with arguments, by the tool's own description of them; undefined when nothing is, or when the description cannot be
 * checked here: then the tool itself does when it is called.
 */
export async function checkToolInput(
  { inputSchema }: ToolDefinition,
  input: Json,
): Promise<string | undefined> {
  // Loaded when somebody edits a call: it is a quarter of the memory of an idle host.
  const { z } = await import("zod");
  let schema: ZodType;
  try {
    schema = z.fromJSONSchema(inputSchema as never);
  } catch {
    return undefined;
  }
  const { error } = schema.safeParse(input);
  return error?.issues.map(({ path, message }) => [...path.map(String), message].join(": ")).join("; ");
}
