import { httpError } from "../errors.ts";
import { type BodyLimits, parseJson } from "../read-json.ts";
import { readText } from "../read-text.ts";

/**
 * A body that is a page's form or JSON. A browser sends all fields of a form, so that an empty one counts as not given.
 *
 * @throws PawlError `media_type_unsupported`, `body_too_large`, `body_invalid`
 */
export async function readFormOrJson(
  request: Request,
  { maxBytes }: BodyLimits,
  fields: readonly string[],
  bodyOfForm: (given: { readonly [name: string]: string | undefined }) => unknown,
): Promise<unknown> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json" && type !== "application/x-www-form-urlencoded") {
    throw httpError(
      "media_type_unsupported",
      "Send the page's form, or JSON with content-type: application/json.",
    );
  }
  const text = await readText(request, maxBytes);
  if (type === "application/json") return parseJson(text);
  const form = new URLSearchParams(text);
  const unknown = [...form.keys()].find((name) => !fields.includes(name));
  if (unknown !== undefined) {
    throw httpError(
      "body_invalid",
      `There is no field "${unknown.slice(0, 100)}". Send ${fields.join(", ")}.`,
    );
  }
  return bodyOfForm(Object.fromEntries(fields.map((name) => [name, form.get(name)?.trim() || undefined])));
}

/** @throws PawlError `body_invalid` */
export function parseField(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 200) : "";
    throw httpError("body_invalid", `${what} must be JSON: ${why}`, cause);
  }
}
