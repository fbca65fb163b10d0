import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { NO_OPERATOR, operatorOf } from "../operator.ts";
import { integerText, readQuery } from "../query.ts";
import type { Call, Route } from "../route.ts";
import {
  deadLetterSettledSchema,
  deadLettersSchema,
  type WireDeadLetterSettled,
  wireDeadLetter,
} from "../wire/dead-letter.ts";

const listQuery = z.strictObject({
  session: z.string().min(1).max(600).optional(),
  limit: integerText(1, 500).optional(),
});

const VERBS = {
  retry: { state: "retried", summary: "For operators: tries a dead letter again, as if it were new" },
  discard: { state: "discarded", summary: "For operators: forgets a dead letter, for ever" },
} as const;

type Verb = keyof typeof VERBS;

export const deadLetterRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/dead-letters",
    scope: "read",
    doc: {
      operation: "listDeadLetters",
      summary: "For operators: what followed from commits and could not be delivered, oldest first",
      query: listQuery,
      answers: { 200: { description: "The dead letters", schema: deadLettersSchema }, ...NO_OPERATOR },
    },
    answer: list,
  },
  ...(Object.keys(VERBS) as Verb[]).map(
    (verb): Route => ({
      method: "POST",
      path: `/v1/dead-letters/:letter/${verb}`,
      scope: "write",
      doc: {
        operation: `${verb}DeadLetter`,
        summary: VERBS[verb].summary,
        answers: {
          200: { description: `It is ${VERBS[verb].state}`, schema: deadLetterSettledSchema },
          ...NO_OPERATOR,
        },
      },
      answer: (call) => settle(call, verb),
    }),
  ),
];

/** For operators: they are of the sessions of everybody. Whoever sees a session or a turn sees with it what is of its commits. */
const lettersOf = (call: Call) =>
  operatorOf(call, "Only an operator may see and settle dead letters: they are of everybody's commits.")
    .deadLetters;

async function list(call: Call): Promise<Response> {
  const letters = lettersOf(call);
  const { session, limit = 100 } = readQuery(call.url, listQuery);
  const found = await letters.list({ limit, ...(session !== undefined && { session }) });
  return jsonAnswer(200, { dead_letters: found.map(wireDeadLetter) });
}

async function settle(call: Call, verb: Verb): Promise<Response> {
  const letters = lettersOf(call);
  readQuery(call.url, z.strictObject({}));
  const id = call.params.letter as string;
  await letters[verb](id);
  return jsonAnswer(200, { id, state: VERBS[verb].state } satisfies WireDeadLetterSettled);
}
