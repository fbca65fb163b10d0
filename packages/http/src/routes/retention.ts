import { jsonAnswer } from "../answer.ts";
import { NO_OPERATOR, operatorOf } from "../operator.ts";
import { readBody } from "../read-body.ts";
import type { Call, Route } from "../route.ts";
import { pruneBodySchema, prunedSchema, wirePruned } from "../wire/retention.ts";

export const retentionRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/prune",
    scope: "write",
    doc: {
      operation: "prune",
      summary: "For operators: deletes what is old and not needed any more",
      body: pruneBodySchema,
      answers: {
        200: { description: "What went, or would go", schema: prunedSchema },
        ...NO_OPERATOR,
      },
    },
    answer: prune,
  },
];

/** For operators: it concerns the sessions of everybody. */
async function prune(call: Call): Promise<Response> {
  const { request } = call;
  const operator = operatorOf(call, "Only an operator may prune: what is deleted is everybody's.");
  const body = await readBody(call, pruneBodySchema);
  const report = await operator.prune({
    olderThanMs: body.older_than_ms,
    ...(body.only && { only: body.only }),
    ...(body.dry_run !== undefined && { dryRun: body.dry_run }),
    signal: request.signal,
  });
  return jsonAnswer(200, wirePruned(report));
}
