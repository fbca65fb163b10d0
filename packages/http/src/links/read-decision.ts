import type { ApprovalChoice } from "@pawl/host";
import { type BodyLimits, checkBody } from "../read-json.ts";
import { choiceOf, decisionBodySchema } from "../wire/approval.ts";
import { parseField, readFormOrJson } from "./read-form.ts";

/** What somebody decided about a call, from a page's form or as JSON. @throws PawlError as `readFormOrJson` */
export async function readDecision(request: Request, limits: BodyLimits): Promise<ApprovalChoice> {
  const body = await readFormOrJson(
    request,
    limits,
    ["decision", "reason", "input"],
    ({ decision, reason, input }) => ({
      ...(decision !== undefined && { decision }),
      ...(reason !== undefined && { reason }),
      ...(input !== undefined && { input: parseField("The other arguments", input) }),
    }),
  );
  return choiceOf(checkBody(body, decisionBodySchema, limits.maxDepth));
}
