import type { Json, ToolDefinition } from "@pawl/core";
import { z } from "zod";

/**
 * What is wrong with arguments, by the tool's own description of them; undefined when nothing is, or when the description cannot be
 * checked here: then the tool itself does when it is called.
 */
export function checkToolInput({ inputSchema }: ToolDefinition, input: Json): string | undefined {
  let schema: z.ZodType;
  try {
    schema = z.fromJSONSchema(inputSchema as never);
  } catch {
    return undefined;
  }
  const { error } = schema.safeParse(input);
  return error?.issues.map(({ path, message }) => [...path.map(String), message].join(": ")).join("; ");
}
