import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { readQuery } from "../query.ts";
import type { Call, Route } from "../route.ts";
import { recordOf } from "../session-record.ts";
import { sessionSchema, wireSession } from "../wire/session.ts";

const VERBS = {
  retire: "Lets a session finish what it has and take nothing new",
  stop: "Cuts a session off: what has not ended is abandoned",
  destroy: "As stop, and for good: the id is not used again; nothing is deleted",
  pause: "Holds a session on all nodes until it is resumed",
  resume: "Lets a paused session go on",
} as const;

type Verb = keyof typeof VERBS;

export const sessionLifeRoutes: readonly Route[] = (Object.keys(VERBS) as Verb[]).map((verb) => ({
  method: "POST",
  path: `/v1/sessions/:session/${verb}`,
  scope: "write",
  doc: {
    operation: `${verb}Session`,
    summary: VERBS[verb],
    answers: { 200: { description: "The session as it is now", schema: sessionSchema } },
  },
  answer: (call) => change(call, verb),
}));

async function change({ url, params, host }: Call, verb: Verb): Promise<Response> {
  readQuery(url, z.strictObject({}));
  const session = host.session(params.session as string);
  await recordOf(session);
  await session[verb]();
  return jsonAnswer(200, wireSession(await recordOf(session)));
}
