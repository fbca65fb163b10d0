import { parseEventCursor } from "@pawl/core";
import { z } from "zod";
import { httpError } from "./errors.ts";
import { issuesOf } from "./read-json.ts";

/** The query's values, checked; names that are not known are refused, because a misspelt one would do nothing. */
export function readQuery<Schema extends z.ZodType>(url: URL, schema: Schema): z.output<Schema> {
  const checked = schema.safeParse(Object.fromEntries(url.searchParams));
  if (checked.success) return checked.data;
  throw httpError("query_invalid", `The query is not what is expected here. ${issuesOf(checked.error)}`);
}

/** The query of an event stream. */
export const afterQuery = z.strictObject({ after: eventId().optional() });

/** An integer in text, within bounds. */
export function integerText(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be between ${min} and ${max}`)
    .meta({ type: "integer", minimum: min, maximum: max });
}

function eventId() {
  return z
    .string()
    .refine((text) => parseEventCursor(text) !== undefined, "must be the id of an event, such as 12.0");
}

/**
 * Where an event stream goes on. What the browser sends on its own when it connects again is newer than the address that
 * it was once given.
 */
export function readAfter(request: Request, url: URL): string | undefined {
  const query = readQuery(url, afterQuery);
  const header = request.headers.get("last-event-id");
  if (header === null || header === "") return query.after;
  const checked = eventId().safeParse(header);
  if (checked.success) return checked.data;
  throw httpError("query_invalid", `The header Last-Event-ID ${issuesOf(checked.error)}.`);
}
