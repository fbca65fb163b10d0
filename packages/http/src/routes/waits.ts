import { PawlError } from "@pawl/core";
import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { integerText, readQuery } from "../query.ts";
import { readBody } from "../read-body.ts";
import type { Call, Route } from "../route.ts";
import { linkBodySchema, linkOptionsOf, linkSchema } from "../wire/approval.ts";
import {
  answerBodySchema,
  answeredSchema,
  waitAnswerOf,
  waitsSchema,
  wireAnswered,
  wireWait,
} from "../wire/wait.ts";

const listQuery = z.strictObject({
  session: z.string().min(1).max(200).optional(),
  limit: integerText(1, 500).optional(),
});

const linkBody = linkBodySchema.optional();

export const waitRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/waits",
    scope: "read",
    doc: {
      operation: "listWaits",
      summary: "What is waited for and not answered, approvals too, oldest first",
      query: listQuery,
      answers: { 200: { description: "The waits", schema: waitsSchema } },
    },
    answer: listWaits,
  },
  {
    method: "POST",
    path: "/v1/waits/:wait",
    scope: "approve",
    doc: {
      operation: "answerWait",
      summary: "Answers a wait: whether a call happened, an approval, more of a budget, or a result",
      body: answerBodySchema,
      answers: { 200: { description: "It was answered, now or before", schema: answeredSchema } },
    },
    answer: answerWait,
  },
  {
    method: "POST",
    path: "/v1/waits/:wait/link",
    scope: "approve",
    doc: {
      operation: "linkWait",
      summary: "A link with which somebody can answer without an account",
      body: linkBody,
      answers: { 200: { description: "The link: whoever has it may answer", schema: linkSchema } },
    },
    answer: linkWait,
  },
];

async function listWaits({ url, host }: Call): Promise<Response> {
  const { session, limit = 100 } = readQuery(url, listQuery);
  const waits = await host.waits.list({ limit, ...(session !== undefined && { sessionId: session }) });
  return jsonAnswer(200, { waits: waits.map(wireWait) });
}

async function linkWait(call: Call): Promise<Response> {
  const { params, host } = call;
  const body = (await readBody(call, linkBody)) ?? {};
  return jsonAnswer(200, await host.waits.link(params.wait as string, linkOptionsOf(body)));
}

/** Whoever may use this API may answer; who it was is recorded. When somebody was faster, their answer stands and is told. */
async function answerWait(call: Call): Promise<Response> {
  const { params, principal, host } = call;
  const body = await readBody(call, answerBodySchema);
  const id = params.wait as string;
  const outcome = await host.waits.answer(id, waitAnswerOf(body), { by: principal.name });
  if (outcome.status === "unknown_or_revoked") {
    throw new PawlError("wait_unknown", `There is no wait "${id}", or it was taken back. List what waits.`);
  }
  return jsonAnswer(200, wireAnswered(id, outcome));
}
