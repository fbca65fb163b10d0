import { isPawlError } from "@pawl/core";
import { z } from "zod";
import { jsonAnswer } from "../answer.ts";
import { eventStream } from "../event-stream.ts";
import { afterQuery, integerText, readAfter, readQuery } from "../query.ts";
import type { Call, Route } from "../route.ts";
import { recordOf, sessionUnknown } from "../session-record.ts";
import { streamOptions } from "../stream-options.ts";
import { wireDeadLetter } from "../wire/dead-letter.ts";
import { wireEventSchema } from "../wire/event.ts";
import { wireMessage } from "../wire/message.ts";
import { receiptsSchema } from "../wire/receipt.ts";
import { erasedSchema, wireErased } from "../wire/retention.ts";
import { sessionsSchema, sessionWithTranscriptSchema, wireSession } from "../wire/session.ts";
import { turnsSchema, wireTurnSummary } from "../wire/turn-summary.ts";
import { verificationSchema, wireVerification } from "../wire/verification.ts";

const listQuery = z.strictObject({ limit: integerText(1, 500).optional() });
const verifyQuery = z.strictObject({ anchor: z.string().min(1).max(200).optional() });

export const sessionRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/sessions",
    scope: "read",
    doc: {
      operation: "listSessions",
      summary: "Sessions, the most recently used first",
      query: listQuery,
      answers: { 200: { description: "The sessions", schema: sessionsSchema } },
    },
    answer: listSessions,
  },
  {
    method: "GET",
    path: "/v1/sessions/:session",
    scope: "read",
    doc: {
      operation: "showSession",
      summary: "A session and its transcript",
      answers: { 200: { description: "The session", schema: sessionWithTranscriptSchema } },
    },
    answer: showSession,
  },
  {
    method: "GET",
    path: "/v1/sessions/:session/events",
    scope: "read",
    doc: {
      operation: "streamSession",
      summary: "The events of a session in one order, past and coming",
      query: afterQuery,
      answers: { 200: { description: "Its events", schema: wireEventSchema, stream: true } },
    },
    answer: streamSession,
  },
  {
    method: "GET",
    path: "/v1/sessions/:session/turns",
    scope: "read",
    doc: {
      operation: "listTurns",
      summary: "The newest turns of a session, oldest first",
      query: listQuery,
      answers: { 200: { description: "The turns", schema: turnsSchema } },
    },
    answer: listTurns,
  },
  {
    method: "GET",
    path: "/v1/sessions/:session/receipts",
    scope: "read",
    doc: {
      operation: "listReceipts",
      summary: "The commit receipts of a session in the order of the chain, and the digests of its inputs",
      answers: {
        200: { description: "The receipts, exactly as their digests are over them", schema: receiptsSchema },
      },
    },
    answer: listReceipts,
  },
  {
    method: "GET",
    path: "/v1/sessions/:session/verification",
    scope: "read",
    doc: {
      operation: "verifySession",
      summary: "Whether receipts, inputs and transcript fit together",
      query: verifyQuery,
      answers: { 200: { description: "What was found", schema: verificationSchema } },
    },
    answer: verify,
  },
  {
    method: "POST",
    path: "/v1/sessions/:session/erase",
    scope: "write",
    doc: {
      operation: "eraseSession",
      summary: "Erases everything of a session, for ever; hashes outlive it",
      answers: { 200: { description: "It is erased, now or before", schema: erasedSchema } },
    },
    answer: erase,
  },
];

async function listSessions({ url, host }: Call): Promise<Response> {
  const { limit = 50 } = readQuery(url, listQuery);
  const sessions = await host.sessions({ limit });
  return jsonAnswer(200, { sessions: sessions.map(wireSession) });
}

async function showSession({ url, params, host }: Call): Promise<Response> {
  readQuery(url, z.strictObject({}));
  const session = host.session(params.session as string);
  const record = await recordOf(session);
  const [transcript, letters] = await Promise.all([session.transcript(), session.deadLetters()]);
  return jsonAnswer(200, {
    ...wireSession(record),
    transcript: transcript.map(wireMessage),
    dead_letters: letters.map(wireDeadLetter),
  });
}

async function streamSession(call: Call): Promise<Response> {
  const { request, url, params, host } = call;
  const after = readAfter(request, url);
  const session = host.session(params.session as string);
  await recordOf(session);
  const open = (signal: AbortSignal) => session.events({ signal, ...(after !== undefined && { after }) });
  return eventStream(open, streamOptions(call));
}

async function listTurns({ url, params, host }: Call): Promise<Response> {
  const { limit = 50 } = readQuery(url, listQuery);
  const session = host.session(params.session as string);
  await recordOf(session);
  const turns = await session.turns({ limit });
  return jsonAnswer(200, { session_id: session.id, turns: turns.map(wireTurnSummary) });
}

/** Receipts as they are, because their digests are over exactly that; and what else the digests are over. */
async function listReceipts({ url, params, host }: Call): Promise<Response> {
  readQuery(url, z.strictObject({}));
  const session = host.session(params.session as string);
  await recordOf(session);
  const [receipts, inputs] = await Promise.all([session.receipts(), session.inputs()]);
  const inputDigests = Object.fromEntries(inputs.map(({ inputId, digest }) => [inputId, digest]));
  return jsonAnswer(200, { session_id: session.id, receipts, input_digests: inputDigests });
}

async function verify({ url, params, host }: Call): Promise<Response> {
  const { anchor } = readQuery(url, verifyQuery);
  const session = host.session(params.session as string);
  const verifying = session.verify(anchor === undefined ? {} : { anchor });
  return jsonAnswer(200, wireVerification(await verifying.catch(unknownHere)));
}

/** Whoever sees a session may erase it; a body is not needed. */
async function erase({ url, params, host }: Call): Promise<Response> {
  readQuery(url, z.strictObject({}));
  const session = host.session(params.session as string);
  return jsonAnswer(200, wireErased(session.id, await session.erase().catch(unknownHere)));
}

/** One answer for every session that is not there, whatever was asked of it. */
function unknownHere(thrown: unknown): never {
  throw isPawlError(thrown, "session_unknown") ? sessionUnknown() : thrown;
}
