import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { integerText, readQuery } from "../query.ts";
import { readBody } from "../read-body.ts";
import { readText } from "../read-text.ts";
import type { Call, Route } from "../route.ts";
import {
  approvalSchema,
  approvalsSchema,
  choiceOf,
  decidedApprovalSchema,
  decisionBodySchema,
  linkBodySchema,
  linkOptionsOf,
  linkSchema,
  receiptCheckSchema,
  receiptKeySchema,
  receiptSchema,
  wireApproval,
  wireDecidedApproval,
} from "../wire/approval.ts";

const listQuery = z.strictObject({
  session: z.string().min(1).max(200).optional(),
  limit: integerText(1, 500).optional(),
});

const linkBody = linkBodySchema.optional();

export const approvalRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/approvals",
    scope: "read",
    doc: {
      operation: "listApprovals",
      summary: "Calls that wait for somebody's approval, oldest first",
      query: listQuery,
      answers: { 200: { description: "The approvals", schema: approvalsSchema } },
    },
    answer: listApprovals,
  },
  {
    method: "GET",
    path: "/v1/approvals/:approval",
    scope: "read",
    doc: {
      operation: "showApproval",
      summary: "An approval, also when it was decided",
      answers: { 200: { description: "The approval", schema: approvalSchema } },
    },
    answer: showApproval,
  },
  {
    method: "POST",
    path: "/v1/approvals/:approval",
    scope: "approve",
    doc: {
      operation: "decideApproval",
      summary: "Approves a call, denies it, or approves it with other arguments",
      body: decisionBodySchema,
      answers: { 200: { description: "It is decided so, now or before", schema: decidedApprovalSchema } },
    },
    answer: decideApproval,
  },
  {
    method: "POST",
    path: "/v1/approvals/:approval/link",
    scope: "approve",
    doc: {
      operation: "linkApproval",
      summary: "A link with which somebody can decide without an account",
      body: linkBody,
      answers: { 200: { description: "The link: whoever has it may decide", schema: linkSchema } },
    },
    answer: linkApproval,
  },
  {
    method: "GET",
    path: "/v1/approvals/:approval/receipt",
    scope: "read",
    doc: {
      operation: "showApprovalReceipt",
      summary: "The signed proof of what was decided",
      answers: { 200: { description: "The receipt", schema: receiptSchema } },
    },
    answer: receiptOfApproval,
  },
  {
    method: "GET",
    path: "/v1/receipt-key",
    scope: "read",
    doc: {
      operation: "showReceiptKey",
      summary: "The public key that receipts of approvals verify with",
      answers: { 200: { description: "The key", schema: receiptKeySchema } },
    },
    answer: receiptKey,
  },
  {
    method: "POST",
    path: "/v1/receipt-check",
    scope: "read",
    doc: {
      operation: "checkReceipt",
      summary: "Whether this host signed a receipt of an approval, as it is",
      body: receiptSchema,
      answers: { 200: { description: "Whether it is valid, and if not, why", schema: receiptCheckSchema } },
    },
    answer: checkReceipt,
  },
];

async function listApprovals({ url, host }: Call): Promise<Response> {
  const { session, limit = 100 } = readQuery(url, listQuery);
  const query = { limit, ...(session !== undefined && { sessionId: session }) };
  return jsonAnswer(200, { approvals: (await host.approvals.list(query)).map(wireApproval) });
}

async function showApproval({ host, params }: Call): Promise<Response> {
  return jsonAnswer(200, wireApproval(await host.approvals.show(params.approval as string)));
}

/** Whoever may use this API may decide; who it was is recorded. */
async function decideApproval(call: Call): Promise<Response> {
  const { params, principal, host } = call;
  const choice = choiceOf(await readBody(call, decisionBodySchema));
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

async function linkApproval(call: Call): Promise<Response> {
  const { params, host } = call;
  const body = (await readBody(call, linkBody)) ?? {};
  return jsonAnswer(200, await host.approvals.link(params.approval as string, linkOptionsOf(body)));
}

async function receiptOfApproval({ host, params }: Call): Promise<Response> {
  return jsonAnswer(200, await host.approvals.receipt(params.approval as string));
}

/** Of the text and not of what it parses to: text in which a member occurs twice proves nothing. */
async function checkReceipt({ request, host, options }: Call): Promise<Response> {
  const fault = await host.approvals.verify(await readText(request, options.maxBodyBytes));
  return jsonAnswer(200, fault === undefined ? { valid: true } : { valid: false, fault });
}

async function receiptKey({ host }: Call): Promise<Response> {
  return jsonAnswer(200, { public_key: await host.approvals.publicKey() });
}
