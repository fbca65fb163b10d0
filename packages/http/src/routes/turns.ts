import { PawlError } from "@pawl/core";
import type { Turn, TurnResult } from "@pawl/host";
import { z } from "zod";
import { jsonAnswer, SECURITY_HEADERS } from "../answer.ts";
import { eventStream } from "../event-stream.ts";
import { afterQuery, integerText, readAfter, readQuery } from "../query.ts";
import { readBody } from "../read-body.ts";
import type { Call, Route } from "../route.ts";
import { endOf, permitOf, streamOptions } from "../stream-options.ts";
import { cancelBodySchema, cancelSchema, wireCancel } from "../wire/cancel.ts";
import { wireEventSchema } from "../wire/event.ts";
import { turnResultSchema, turnSchema, wireTurn, wireTurnResult } from "../wire/result.ts";

/** Longer than most proxies' patience is of no use: ask again. */
const MAX_WAIT_MS = 60_000;
const resultQuery = z.strictObject({ wait_ms: integerText(0, MAX_WAIT_MS).optional() });

export const turnRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/v1/turns/:turn",
    scope: "read",
    doc: {
      operation: "showTurn",
      summary: "The state of a turn, why, what helps, and the result when there is one",
      answers: { 200: { description: "The turn", schema: turnSchema } },
    },
    answer: showTurn,
  },
  {
    method: "GET",
    path: "/v1/turns/:turn/events",
    scope: "read",
    doc: {
      operation: "streamTurn",
      summary: "The events of a turn, past and coming; ends with it",
      query: afterQuery,
      answers: {
        200: { description: "Its events", schema: wireEventSchema, stream: true },
        204: { description: "The turn has ended and no event comes after the one that was named" },
      },
    },
    answer: streamTurn,
  },
  {
    method: "GET",
    path: "/v1/turns/:turn/result",
    scope: "read",
    doc: {
      operation: "awaitResult",
      summary: "The result of a turn, waited for as long as asked",
      query: resultQuery,
      answers: {
        200: { description: "The result", schema: turnResultSchema },
        202: { description: "It is not there yet; the turn as it is", schema: turnSchema },
      },
    },
    answer: awaitResult,
  },
  {
    method: "POST",
    path: "/v1/turns/:turn/cancel",
    scope: "write",
    doc: {
      operation: "cancelTurn",
      summary: "Asks for the end of a turn",
      body: cancelBodySchema,
      answers: {
        200: { description: "It had ended before", schema: cancelSchema },
        202: { description: "It was asked for", schema: cancelSchema },
      },
    },
    answer: cancelTurn,
  },
];

const MOVING: ReadonlySet<string> = new Set(["queued", "running"]);
const ENDED: ReadonlySet<string> = new Set(["completed", "failed", "cancelled"]);
/** A result that is there already takes no more than a look-up. */
const LOOK_UP_MS = 2_000;

async function showTurn(call: Call): Promise<Response> {
  const { url, params, host } = call;
  readQuery(url, z.strictObject({}));
  const turn = host.turn(params.turn as string);
  const explanation = await turn.explain();
  if (MOVING.has(explanation.state) || explanation.result !== undefined)
    return jsonAnswer(200, wireTurn(explanation));
  return jsonAnswer(200, wireTurn(explanation, await resultWithin(turn, LOOK_UP_MS, endOf(call))));
}

async function streamTurn(call: Call): Promise<Response> {
  const { request, url, params, host } = call;
  const after = readAfter(request, url);
  const turn = host.turn(params.turn as string);
  const { state } = await turn.explain();
  if (after !== undefined && ENDED.has(state) && (await isLastEvent(turn, after, endOf(call)))) {
    // Tells a browser's EventSource, which comes back whenever a stream ends, to stay away.
    return new Response(null, { status: 204, headers: SECURITY_HEADERS });
  }
  const open = (signal: AbortSignal) => turn.events({ signal, ...(after !== undefined && { after }) });
  return eventStream(open, streamOptions(call));
}

async function isLastEvent(turn: Turn, after: string, signal: AbortSignal): Promise<boolean> {
  for await (const _ of turn.events({ after, signal })) return false;
  return true;
}

/** 200 with the result, or 202 with what the turn does meanwhile. */
async function awaitResult(call: Call): Promise<Response> {
  const { url, params, host } = call;
  const { wait_ms: waitMs = 0 } = readQuery(url, resultQuery);
  const turn = host.turn(params.turn as string);
  const { state } = await turn.explain();
  const patienceMs = MOVING.has(state) ? waitMs : Math.max(waitMs, LOOK_UP_MS);
  const result = patienceMs > 0 ? await waitedFor(call, turn, patienceMs) : undefined;
  if (result !== undefined) return jsonAnswer(200, wireTurnResult(result));
  return jsonAnswer(202, wireTurn(await turn.explain()));
}

async function waitedFor(call: Call, turn: Turn, ms: number): Promise<TurnResult | undefined> {
  const { signal, release } = permitOf(call);
  try {
    return await resultWithin(turn, ms, signal);
  } finally {
    release();
  }
}

async function resultWithin(turn: Turn, ms: number, gone: AbortSignal): Promise<TurnResult | undefined> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), ms);
  try {
    return await turn.result({ signal: AbortSignal.any([over.signal, gone]) });
  } catch (thrown) {
    if (over.signal.aborted || gone.aborted) return undefined;
    throw thrown;
  } finally {
    clearTimeout(timer);
  }
}

async function cancelTurn(call: Call): Promise<Response> {
  const { params, principal, host } = call;
  const body = await readBody(call, cancelBodySchema);
  const turn = host.turn(params.turn as string);
  const reason = body?.reason;
  const asked = await turn.cancel({ origin: principal.name, ...(reason !== undefined && { reason }) });
  if (asked.status === "unknown") {
    throw new PawlError(
      "turn_unknown",
      "There is no such turn. Sending an input answers with its turn's id.",
    );
  }
  return jsonAnswer(asked.status === "completion_won" ? 200 : 202, wireCancel(turn.id, asked));
}
