import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { integerText, readQuery } from "../query.ts";
import { readJson } from "../read-json.ts";
import type { Call, Route } from "../route.ts";
import {
  choiceOf,
  decisionBodySchema,
  linkBodySchema,
  linkOptionsOf,
  wireApproval,
  wireDecidedApproval,
} from "../wire/approval.ts";

export const approvalRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/approvals", answer: listApprovals },
  { method: "GET", path: "/v1/approvals/:approval", answer: showApproval },
  { method: "POST", path: "/v1/approvals/:approval", answer: decideApproval },
  { method: "POST", path: "/v1/approvals/:approval/link", answer: linkApproval },
  { method: "GET", path: "/v1/approvals/:approval/receipt", answer: receiptOfApproval },
  { method: "GET", path: "/v1/receipt-key", answer: receiptKey },
];

const listQuery = z.strictObject({
  session: z.string().min(1).max(200).optional(),
  limit: integerText(1, 500).optional(),
});

async function listApprovals({ url, host }: Call): Promise<Response> {
  const { session, limit = 100 } = readQuery(url, listQuery);
  const query = { limit, ...(session !== undefined && { sessionId: session }) };
  return jsonAnswer(200, { approvals: (await host.approvals.list(query)).map(wireApproval) });
}

async function showApproval({ host, params }: Call): Promise<Response> {
  return jsonAnswer(200, wireApproval(await host.approvals.show(params.approval as string)));
}

/** Whoever may use this API may decide; who it was is recorded. */
async function decideApproval({ request, params, principal, host, options }: Call): Promise<Response> {
  const { maxBodyBytes: maxBytes, maxDepth } = options;
  const choice = choiceOf(await readJson(request, decisionBodySchema, { maxBytes, maxDepth }));
  const id = params.approval as string;
  const by = { by: principal.name };
  const { approvals } = host;
  if (choice.decision === "approve") return decided(await approvals.approve(id, by));
  if (choice.decision === "edit") return decided(await approvals.edit(id, choice.input, by));
  const reason = choice.reason === undefined ? {} : { reason: choice.reason };
  return decided(await approvals.deny(id, { ...by, ...reason }));
}

function decided(answer: Parameters<typeof wireDecidedApproval>[0]): Response {
  return jsonAnswer(200, wireDecidedApproval(answer));
}

async function linkApproval({ request, params, host, options }: Call): Promise<Response> {
  const { maxBodyBytes: maxBytes, maxDepth } = options;
  const body = (await readJson(request, linkBodySchema.optional(), { maxBytes, maxDepth })) ?? {};
  return jsonAnswer(200, await host.approvals.link(params.approval as string, linkOptionsOf(body)));
}

async function receiptOfApproval({ host, params }: Call): Promise<Response> {
  return jsonAnswer(200, await host.approvals.receipt(params.approval as string));
}

async function receiptKey({ host }: Call): Promise<Response> {
  return jsonAnswer(200, { public_key: await host.approvals.publicKey() });
}
