import { isPawlError } from "@pawl/core";
import { z } from "zod";
import { errorAnswer, jsonAnswer } from "../answer.ts";
import { shownError } from "../errors.ts";
import { readQuery } from "../query.ts";
import { readBody } from "../read-body.ts";
import type { Call, Route } from "../route.ts";
import {
  acceptedSchema,
  contentOf,
  inputBodySchema,
  inputStatusSchema,
  sendOptionsOf,
  wireAccepted,
  wireInputStatus,
} from "../wire/input.ts";

const NO_QUERY = z.strictObject({});

export const inputRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/sessions/:session/inputs",
    scope: "write",
    doc: {
      operation: "acceptInput",
      summary:
        "Sends an input, which begins a turn or enters the running one; the session is made when it is new",
      body: inputBodySchema,
      answers: { 202: { description: "The input is durable; its turn comes later", schema: acceptedSchema } },
    },
    answer: acceptInput,
  },
  {
    method: "GET",
    path: "/v1/turns/:turn/input",
    scope: "read",
    doc: {
      operation: "showInput",
      summary: "What was sent for a turn, and where it is: its delivery status",
      answers: { 200: { description: "The input", schema: inputStatusSchema } },
    },
    answer: showInput,
  },
];

async function showInput({ url, params, host }: Call): Promise<Response> {
  readQuery(url, NO_QUERY);
  return jsonAnswer(200, wireInputStatus(await host.turn(params.turn as string).input()));
}

/** Answers when the input is durable; 202, because its turn comes later. */
async function acceptInput(call: Call): Promise<Response> {
  const { params, principal, host, options } = call;
  const body = await readBody(call, inputBodySchema);
  const session = host.session(params.session as string);
  const sendOptions = sendOptionsOf(body);
  try {
    await options.admit?.({ sessionId: session.id, ...sendOptions }, principal, host);
  } catch (thrown) {
    if (!isPawlError(thrown)) throw thrown;
    const shown = shownError(thrown);
    return errorAnswer(shown.status === 429 ? shown : { ...shown, status: 403 });
  }
  const turn = await session.send(contentOf(body), sendOptions);
  return jsonAnswer(202, wireAccepted(session.id, turn.id, await turn.input()));
}
