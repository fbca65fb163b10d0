import { jsonAnswer } from "../answer.ts";
import { httpError } from "../errors.ts";
import { readJson } from "../read-json.ts";
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
        403: { description: "The principal is no operator" },
      },
    },
    answer: prune,
  },
];

/** For operators: it concerns the sessions of everybody. */
async function prune({ request, operator, options }: Call): Promise<Response> {
  if (operator === undefined) {
    throw httpError("forbidden", "Only an operator may prune: what is deleted is everybody's.");
  }
  const { maxBodyBytes: maxBytes, maxDepth } = options;
  const body = await readJson(request, pruneBodySchema, { maxBytes, maxDepth });
  const report = await operator.prune({
    olderThanMs: body.older_than_ms,
    ...(body.only && { only: body.only }),
    ...(body.dry_run !== undefined && { dryRun: body.dry_run }),
    signal: request.signal,
  });
  return jsonAnswer(200, wirePruned(report));
}
