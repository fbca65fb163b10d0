import { PawlError } from "@pawl/core";
import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { integerText, readQuery } from "../query.ts";
import { readJson } from "../read-json.ts";
import type { Call, Route } from "../route.ts";
import { linkBodySchema, linkOptionsOf } from "../wire/approval.ts";
import { answerBodySchema, waitAnswerOf, wireAnswered, wireWait } from "../wire/wait.ts";

export const waitRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/waits", answer: listWaits },
  { method: "POST", path: "/v1/waits/:wait", answer: answerWait },
  { method: "POST", path: "/v1/waits/:wait/link", answer: linkWait },
];

const listQuery = z.strictObject({
  session: z.string().min(1).max(200).optional(),
  limit: integerText(1, 500).optional(),
});

async function listWaits({ url, host }: Call): Promise<Response> {
  const { session, limit = 100 } = readQuery(url, listQuery);
  const waits = await host.waits.list({ limit, ...(session !== undefined && { sessionId: session }) });
  return jsonAnswer(200, { waits: waits.map(wireWait) });
}

async function linkWait({ request, params, host, options }: Call): Promise<Response> {
  const { maxBodyBytes: maxBytes, maxDepth } = options;
  const body = (await readJson(request, linkBodySchema.optional(), { maxBytes, maxDepth })) ?? {};
  return jsonAnswer(200, await host.waits.link(params.wait as string, linkOptionsOf(body)));
}

/** Whoever may use this API may answer; who it was is recorded. When somebody was faster, their answer stands and is told. */
async function answerWait({ request, params, principal, host, options }: Call): Promise<Response> {
  const { maxBodyBytes: maxBytes, maxDepth } = options;
  const body = await readJson(request, answerBodySchema, { maxBytes, maxDepth });
  const id = params.wait as string;
  const outcome = await host.waits.answer(id, waitAnswerOf(body), { by: principal.name });
  if (outcome.status === "unknown_or_revoked") {
    throw new PawlError("wait_unknown", `There is no wait "${id}", or it was taken back. List what waits.`);
  }
  return jsonAnswer(200, wireAnswered(id, outcome));
}
