import type { WaitAnswer } from "@pawl/host";
import { httpError } from "../errors.ts";
import { type BodyLimits, checkBody } from "../read-json.ts";
import { answerBodySchema, waitAnswerOf } from "../wire/wait.ts";
import { parseField, readFormOrJson } from "./read-form.ts";

/** What somebody answered to a wait that is no approval, from a page's form or as JSON. @throws PawlError as `readFormOrJson` */
export async function readAnswer(request: Request, limits: BodyLimits): Promise<WaitAnswer> {
  const body = await readFormOrJson(request, limits, ["answer", "result", "tokens", "usd"], bodyOfForm);
  return waitAnswerOf(checkBody(body, answerBodySchema, limits.maxDepth));
}

type Fields = { readonly [name: string]: string | undefined };

function bodyOfForm({ answer, result, tokens, usd }: Fields): unknown {
  const came = result === undefined ? {} : { result: parseField("The result", result) };
  switch (answer) {
    case "happened":
      return { happened: true, ...came };
    case "not_happened":
      return { happened: false };
    case "abandon":
      return { abandon: true };
    case "grant": {
      const cost = usd === undefined ? {} : { cost_nano_usd: Math.round(Number(usd) * 1e9) };
      return { grant: { ...(tokens !== undefined && { tokens: Number(tokens) }), ...cost } };
    }
    case undefined:
    case "result":
      return came;
    default:
      throw httpError("body_invalid", "The answer is happened, not_happened, abandon, grant or result.");
  }
}
