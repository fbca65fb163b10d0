import type { ApprovalChoice } from "@pawl/host";
import { httpError } from "../errors.ts";
import { type BodyLimits, checkBody, parseJson } from "../read-json.ts";
import { readText } from "../read-text.ts";
import { choiceOf, decisionBodySchema } from "../wire/approval.ts";

/** The fields of a page's form. A browser sends all of a form, so that what is empty counts as not given. */
const FIELDS: ReadonlySet<string> = new Set(["decision", "reason", "input"]);

/**
 * What somebody decided, from a page's form or as JSON.
 *
 * @throws PawlError `media_type_unsupported`, `body_too_large`, `body_invalid`
 */
export async function readDecision(request: Request, limits: BodyLimits): Promise<ApprovalChoice> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json" && type !== "application/x-www-form-urlencoded") {
    throw httpError(
      "media_type_unsupported",
      "Send the page's form, or JSON with content-type: application/json.",
    );
  }
  const text = await readText(request, limits.maxBytes);
  const body = type === "application/json" ? parseJson(text) : bodyOfForm(new URLSearchParams(text));
  return choiceOf(checkBody(body, decisionBodySchema, limits.maxDepth));
}

function bodyOfForm(form: URLSearchParams): Record<string, unknown> {
  const unknown = [...form.keys()].find((name) => !FIELDS.has(name));
  if (unknown !== undefined) {
    throw httpError(
      "body_invalid",
      `There is no field "${unknown.slice(0, 100)}". Send decision, reason and input.`,
    );
  }
  const given = (name: string) => form.get(name)?.trim() || undefined;
  const [decision, reason, input] = [given("decision"), given("reason"), given("input")];
  return {
    ...(decision !== undefined && { decision }),
    ...(reason !== undefined && { reason }),
    ...(input !== undefined && { input: parseInput(input) }),
  };
}

function parseInput(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.slice(0, 200) : "";
    throw httpError("body_invalid", `The other arguments must be JSON: ${why}`, cause);
  }
}
