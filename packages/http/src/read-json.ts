import type { z } from "zod";
import { httpError } from "./errors.ts";
import { readText } from "./read-text.ts";

export interface BodyLimits {
  readonly maxBytes: number;
  /** Levels of arrays and objects within one another. */
  readonly maxDepth: number;
}

/**
 * The request's body, checked. An absent body is `undefined` to the schema.
 * @throws PawlError `media_type_unsupported`, `body_too_large`, `body_invalid`
 */
export async function readJson<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  { maxBytes, maxDepth }: BodyLimits,
): Promise<z.output<Schema>> {
  const text = await readText(request, maxBytes);
  if (text !== "") checkMediaType(request);
  return checkBody(text === "" ? undefined : parseJson(text), schema, maxDepth);
}

/** @throws PawlError `body_invalid` */
export function checkBody<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
  maxDepth: number,
): z.output<Schema> {
  if (!isShallow(value, maxDepth)) {
    throw httpError("body_invalid", `The body is nested too deeply. At most ${maxDepth} levels are read.`);
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  throw httpError("body_invalid", `The body is not what is expected here. ${issuesOf(checked.error)}`);
}

/** Where and what is wrong, in one line, bounded. */
export function issuesOf(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ")
    .slice(0, 1_000);
}

function checkMediaType(request: Request): void {
  // A page of another site can send anything but this without asking first.
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type === "application/json") return;
  throw httpError("media_type_unsupported", "Send JSON, with the header content-type: application/json.");
}

/** @throws PawlError `body_invalid` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const where = cause instanceof Error ? cause.message : "";
    throw httpError("body_invalid", `The body is not JSON: ${where.slice(0, 200)}`, cause);
  }
}

/** Without recursion, so that a hostile body cannot exhaust the stack. */
function isShallow(value: unknown, maxDepth: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return false;
    level = level.flatMap((entry) =>
      typeof entry === "object" && entry !== null
        ? Object.values(entry).filter((child) => typeof child === "object" && child !== null)
        : [],
    );
  }
  return true;
}
