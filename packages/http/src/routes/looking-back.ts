import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { readQuery } from "../query.ts";
import { readBody } from "../read-body.ts";
import type { Call, Route } from "../route.ts";
import { effectsSchema, wireEffect } from "../wire/effect.ts";
import { forkBodySchema, forkedSchema, forkOptionsOf, type WireForked } from "../wire/fork.ts";
import { replaySchema, wireReplay } from "../wire/replay.ts";

const NO_QUERY = z.strictObject({});

const recordQuery = z.strictObject({
  redact: z
    .enum(["0", "1"], "must be 1 or 0")
    .transform((text) => text === "1")
    .optional(),
});

/** What a turn did, and what else it might have done. */
export const lookingBackRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/turns/:turn/effects",
    scope: "read",
    doc: {
      operation: "listEffects",
      summary: "What a turn asked for, how often that was begun and what came of it",
      answers: { 200: { description: "Its effects", schema: effectsSchema } },
    },
    answer: listEffects,
  },
  {
    method: "GET",
    path: "/v1/turns/:turn/record",
    scope: "read",
    doc: {
      operation: "showRecord",
      summary: "Everything that a replay of a turn needs, with or without credentials",
      query: recordQuery,
      answers: { 200: { description: "The record", schema: z.looseObject({}) } },
    },
    answer: showRecord,
  },
  {
    method: "GET",
    path: "/v1/turns/:turn/replay",
    scope: "read",
    doc: {
      operation: "replayTurn",
      summary: "Runs a turn again, performs nothing and compares",
      answers: { 200: { description: "What was found", schema: replaySchema } },
    },
    answer: replayTurn,
  },
  {
    method: "POST",
    path: "/v1/turns/:turn/fork",
    scope: "write",
    doc: {
      operation: "forkTurn",
      summary: "Begins a turn in a session of its own that shares the inputs of another one",
      body: forkBodySchema,
      answers: { 202: { description: "The fork is durable; its turn comes later", schema: forkedSchema } },
    },
    answer: forkTurn,
  },
];

async function listEffects({ url, params, host }: Call): Promise<Response> {
  readQuery(url, NO_QUERY);
  const turn = host.turn(params.turn as string);
  const effects = await turn.effects();
  return jsonAnswer(200, { turn_id: turn.id, effects: effects.map(wireEffect) });
}

/** The record as it is: what replays it elsewhere takes no other shape. */
async function showRecord({ url, params, host }: Call): Promise<Response> {
  const { redact = false } = readQuery(url, recordQuery);
  return jsonAnswer(200, await host.turn(params.turn as string).record({ redact }));
}

async function replayTurn({ url, params, host }: Call): Promise<Response> {
  readQuery(url, NO_QUERY);
  return jsonAnswer(200, wireReplay(await host.turn(params.turn as string).replay()));
}

/** Answers when the fork's input is durable; 202, because its turn comes later. */
async function forkTurn(call: Call): Promise<Response> {
  const { params, host } = call;
  const body = await readBody(call, forkBodySchema);
  const turn = host.turn(params.turn as string);
  const fork = await turn.fork(forkOptionsOf(body));
  const forked: WireForked = {
    session_id: fork.sessionId,
    turn_id: fork.id,
    fork_of: { turn_id: turn.id, at: body.at },
    live: body.live ?? false,
  };
  return jsonAnswer(202, forked);
}
