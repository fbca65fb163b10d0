import { jsonAnswer } from "../answer.ts";
import { grantBudget } from "../grant-budget.ts";
import { readBody } from "../read-body.ts";
import type { Call, Route } from "../route.ts";
import { grantBodySchema, grantOf } from "../wire/grant.ts";
import { answeredSchema, wireAnswered } from "../wire/wait.ts";

export const grantRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/turns/:turn/grants",
    scope: "approve",
    doc: {
      operation: "grantBudget",
      summary: "Tops up the budget that a turn has used up and waits for",
      body: grantBodySchema,
      answers: {
        200: { description: "The wait for it, answered now or before", schema: answeredSchema },
        409: { description: "It does not wait for a budget" },
      },
    },
    answer: grant,
  },
];

async function grant(call: Call): Promise<Response> {
  const { params, principal, host } = call;
  const body = await readBody(call, grantBodySchema);
  const { waitId, outcome } = await grantBudget(host, params.turn as string, grantOf(body), principal.name);
  return jsonAnswer(200, wireAnswered(waitId, outcome));
}
