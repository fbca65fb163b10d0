import type { z } from "zod";
import { readJson } from "./read-json.ts";
import type { Call } from "./route.ts";

/** The JSON body of a call, checked, within the handler's bounds. @throws as `readJson` */
export function readBody<Schema extends z.ZodType>(
  { request, options }: Pick<Call, "request" | "options">,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { maxBodyBytes: maxBytes, maxDepth } = options;
  return readJson(request, schema, { maxBytes, maxDepth });
}
