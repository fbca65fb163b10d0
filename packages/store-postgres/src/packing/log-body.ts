import type { Json, LogBody } from "@pawl/core";
import { modelResult, part } from "./conversation.ts";
import { effectIdText, idOfTurn } from "./names.ts";
import { type Beside, list, object, optional, required, union, usually, variant, word } from "./packing.ts";

const steered = object(required("inputId", idOfTurn), required("parts", list(part)));

const toolOutcome = union("status", {
  1: variant("ok", required("output")),
  2: variant("error", required("code"), required("message"), optional("output")),
});

const launch = union("status", { 1: variant("done", required("result", toolOutcome)) });

const outcome = union("kind", {
  1: variant("model_call", required("result", modelResult), usually("textStreamed", false)),
  2: variant("tool_call", required("launch", launch)),
  3: variant("checkpoint", required("inputs", list(steered))),
});

const input = union("type", {
  1: variant(
    "effect_settled",
    usually("now", ({ at }) => at),
    required("effectId", effectIdText),
    required("outcome", outcome),
  ),
  2: variant(
    "begin",
    usually("now", ({ at }) => at),
    required("sessionId"),
    required("turnId", idOfTurn),
    required("inputs", list(steered)),
    required("base", object(required("revision"), required("messages"))),
    optional("parent"),
    optional("cancel"),
    optional("refusal"),
  ),
});

const command = union("kind", {
  1: variant(
    "model_call",
    required("iteration"),
    required("upTo"),
    required("toolChoice", word("auto", "none")),
  ),
  2: variant(
    "tool_call",
    required("callId"),
    required("name"),
    required("input"),
    usually("attempt", 0),
    optional("approvedBy"),
  ),
  3: variant("checkpoint", required("checkpoint", word("after_work", "before_completion"))),
});

const event = union("type", {
  1: variant("input.consumed", required("inputId", idOfTurn), usually("boundary", "begin")),
  2: variant(
    "turn.ended",
    required(
      "outcome",
      union("status", {
        1: variant(
          "completed",
          usually("text", ({ said }) => said),
          optional("output"),
          optional("limit"),
        ),
      }),
    ),
  ),
});

/** A row that holds several: their bodies, and by how many milliseconds each but the last is older than that, where any is. */
export const SEVERAL_TAG = 0;

/** Pruning tells rows apart by their kind or by the tag here, see `statements/prune-turn-rows.ts`; what it leaves is never packed. */
export const TEXT_DELTA_TAG = 4;
export const ATTEMPT_RESET_TAG = 5;

const body = union("kind", {
  1: variant(
    "machine_input",
    required("input", input),
    optional("command", command),
    optional("turn", object(required("behaviour"), required("config"), optional("forkOf"))),
    optional("events", list(event)),
  ),
  2: variant(
    "effect_intent",
    required("effectId", effectIdText),
    required("nonce"),
    required("attempt"),
    required("startBefore"),
    optional("reservedNanoUsd"),
  ),
  3: variant("step_done", required("effectId", effectIdText), required("stepId"), required("value")),
  [TEXT_DELTA_TAG]: variant(
    "text_delta",
    required("effectId", effectIdText),
    usually("attempt", 0),
    required("text"),
  ),
  [ATTEMPT_RESET_TAG]: variant("attempt_reset", required("effectId", effectIdText), required("attempt")),
});

/** What a row of the log says, as it is stored. */
export function packLogBody(value: LogBody, beside: Beside): unknown {
  return body.pack(value, beside) ?? value;
}

/** @throws Error for what no packing of this version has made */
export function unpackLogBody(packed: Json, beside: Beside): Json {
  return body.unpack(packed, beside);
}

interface SeparateBody {
  readonly body: Json;
  readonly at: number;
}

/** What a row holds: mostly one body, which is returned as it is. @throws Error for what no packing of this version has made */
export function separateBodies(stored: Json, at: number): readonly SeparateBody[] {
  if (!Array.isArray(stored) || stored[0] !== SEVERAL_TAG) return [{ body: stored, at }];
  const [, bodies, times = []] = stored as readonly (Json | undefined)[];
  if (!Array.isArray(bodies) || bodies.length < 2 || !Array.isArray(times))
    throw new Error("It holds no rows.");
  return bodies.map((body: Json, index) => {
    const older = times[index] ?? 0;
    if (typeof older !== "number") throw new Error("It does not say when a row was written.");
    return { body, at: at - older };
  });
}

/** The text of the model's answer, where the row says one: a turn that ends with it says it again. */
export function saidBy(body: LogBody | undefined): Pick<Beside, "said"> {
  if (body?.kind !== "machine_input" || body.input.type !== "effect_settled") return {};
  const { outcome } = body.input;
  if (outcome.kind !== "model_call" || !outcome.result.ok) return {};
  return { said: outcome.result.answer.parts.map((one) => (one.type === "text" ? one.text : "")).join("") };
}
