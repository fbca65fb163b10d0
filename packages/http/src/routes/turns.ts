import { PawlError } from "@pawl/core";
import type { Turn, TurnResult } from "@pawl/host";
import { z } from "zod";
import { jsonAnswer, SECURITY_HEADERS } from "../answer.ts";
import { eventStream } from "../event-stream.ts";
import { integerText, readAfter, readQuery } from "../query.ts";
import { readJson } from "../read-json.ts";
import type { Call, Route } from "../route.ts";
import { endOf, streamOptions } from "../stream-options.ts";
import { cancelBodySchema, wireCancel } from "../wire/cancel.ts";
import { wireTurn, wireTurnResult } from "../wire/result.ts";

export const turnRoutes: readonly Route[] = [
  { method: "GET", path: "/v1/turns/:turn", answer: showTurn },
  { method: "GET", path: "/v1/turns/:turn/events", answer: streamTurn },
  { method: "GET", path: "/v1/turns/:turn/result", answer: awaitResult },
  { method: "POST", path: "/v1/turns/:turn/cancel", answer: cancelTurn },
];

const MOVING: ReadonlySet<string> = new Set(["queued", "running"]);
const ENDED: ReadonlySet<string> = new Set(["completed", "failed", "cancelled"]);
/** Longer than most proxies' patience is of no use: ask again. */
const MAX_WAIT_MS = 60_000;
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

const resultQuery = z.strictObject({ wait_ms: integerText(0, MAX_WAIT_MS).optional() });

/** 200 with the result, or 202 with what the turn does meanwhile. */
async function awaitResult(call: Call): Promise<Response> {
  const { url, params, host } = call;
  const { wait_ms: waitMs = 0 } = readQuery(url, resultQuery);
  const turn = host.turn(params.turn as string);
  const { state } = await turn.explain();
  const patienceMs = MOVING.has(state) ? waitMs : Math.max(waitMs, LOOK_UP_MS);
  const result = patienceMs > 0 ? await resultWithin(turn, patienceMs, endOf(call)) : undefined;
  if (result !== undefined) return jsonAnswer(200, wireTurnResult(result));
  return jsonAnswer(202, wireTurn(await turn.explain()));
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

async function cancelTurn({ request, params, principal, host, options }: Call): Promise<Response> {
  const { maxBodyBytes: maxBytes, maxDepth } = options;
  const body = await readJson(request, cancelBodySchema, { maxBytes, maxDepth });
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
