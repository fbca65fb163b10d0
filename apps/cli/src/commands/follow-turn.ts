import { setTimeout as sleep } from "node:timers/promises";
import type { WireTurn, WireTurnResult, WireUsage } from "@pawl/http";
import type { TurnClient } from "../client/turn-client.ts";
import type { TurnOutput } from "../output/turn-output.ts";

/** What was told by the result may still be on its way as events. */
const LAST_EVENTS_MS = 5_000;
const WAITING_EVENTS_MS = 1_000;
/** A turn that has not begun by then is asked why. */
const SLOW_START_MS = 1_500;

/** Shows a turn until it ends, waits or is blocked. */
export async function followTurn(
  client: TurnClient,
  turnId: string,
  output: TurnOutput,
): Promise<WireTurnResult> {
  const began = performance.now();
  let started = false;
  const over = new AbortController();
  let usage: WireUsage = NO_USAGE;
  const openWaits = new Set<string>();
  let seenWaits = () => {};

  const events = (async () => {
    for await (const event of client.events(turnId, over.signal)) {
      started = true;
      if (event.type === "model.answered") usage = add(usage, event.usage);
      output.event(event);
      // An agent that is at work is nothing to answer; what it waits for itself is.
      if (event.type === "wait.opened" && event.reason.type !== "agent") {
        openWaits.add(`${event.turn_id} ${event.effect_id}`);
        seenWaits();
      }
      if (event.type === "wait.settled") openWaits.delete(`${event.turn_id} ${event.effect_id}`);
    }
  })();
  const slow = setTimeout(async () => {
    if (started) return;
    const { state, why, advice } = await client.explain(turnId).catch(() => NOTHING_TO_SAY);
    if (!started && state === "queued" && advice !== undefined) output.notice(`${why} ${advice}`);
  }, SLOW_START_MS);
  try {
    // An error of the stream ends this too: nothing more would be shown.
    const failed = events.then(() => new Promise<never>(() => undefined));
    const result = await Promise.race([client.result(turnId, over.signal), failed]);
    if (result.status === "waiting" || result.status === "blocked") {
      const missing = () => result.status === "waiting" && openWaits.size < result.waits.length;
      const shown = new Promise<void>((resolve) => {
        seenWaits = () => {
          if (!missing()) resolve();
        };
        seenWaits();
      });
      await Promise.race([shown, sleep(WAITING_EVENTS_MS, undefined, { ref: false })]);
    } else {
      await Promise.race([events, sleep(LAST_EVENTS_MS, undefined, { ref: false })]);
    }
    const explanation = await explain(client, result);
    output.finished({
      result,
      usage: "usage" in result ? result.usage : usage,
      tookMs: performance.now() - began,
      ...(explanation !== undefined && { explanation }),
    });
    return result;
  } finally {
    clearTimeout(slow);
    over.abort();
    await events.catch(() => undefined);
  }
}

async function explain(client: TurnClient, result: WireTurnResult): Promise<WireTurn | undefined> {
  if (result.status !== "waiting" && result.status !== "blocked") return undefined;
  return client.explain(result.turn_id).then(
    (turn) => ({ ...turn, result }),
    () => undefined,
  );
}

const NOTHING_TO_SAY = { state: undefined, why: "", advice: undefined };

const NO_USAGE: WireUsage = {
  model_calls: 0,
  input_tokens: 0,
  output_tokens: 0,
  reasoning_tokens: 0,
  cached_input_tokens: 0,
};

function add(a: WireUsage, b: WireUsage): WireUsage {
  const cost = a.cost_nano_usd === undefined && b.cost_nano_usd === undefined;
  return {
    model_calls: a.model_calls + b.model_calls,
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    reasoning_tokens: a.reasoning_tokens + b.reasoning_tokens,
    cached_input_tokens: a.cached_input_tokens + b.cached_input_tokens,
    ...(!cost && { cost_nano_usd: (a.cost_nano_usd ?? 0) + (b.cost_nano_usd ?? 0) }),
  };
}
