import { isPawlError } from "@pawl/core";
import { errorAnswer, jsonAnswer } from "../answer.ts";
import { readJson } from "../read-json.ts";
import type { Call, Route } from "../route.ts";
import { contentOf, inputBodySchema, sendOptionsOf, wireAccepted } from "../wire/input.ts";

export const inputRoutes: readonly Route[] = [
  { method: "POST", path: "/v1/sessions/:session/inputs", answer: acceptInput },
];

/** Answers when the input is durable; 202, because its turn comes later. */
async function acceptInput({ request, params, principal, host, options }: Call): Promise<Response> {
  const { maxBodyBytes: maxBytes, maxDepth } = options;
  const body = await readJson(request, inputBodySchema, { maxBytes, maxDepth });
  const session = host.session(params.session as string);
  const sendOptions = sendOptionsOf(body);
  try {
    await options.admit?.({ sessionId: session.id, ...sendOptions }, principal);
  } catch (thrown) {
    if (!isPawlError(thrown)) throw thrown;
    return errorAnswer({ status: 403, code: thrown.code, message: thrown.message });
  }
  const turn = await session.send(contentOf(body), sendOptions);
  return jsonAnswer(202, wireAccepted(session.id, turn.id, body));
}
