// What each seam operation is called, by what it says and not by its number: a batch that another machine cuts elsewhere, or a poll
// more or less, changes no label.
import type { EffectId, LogRow } from "@pawl/core";
import type { NewAwaitEvent, Release } from "@pawl/core/ports";

/** The tools in the order in which the model calls them. */
export const CALLED = ["charge", "look", "refund"] as const;

/** What a row of the log says; undefined for rows that are no crash points of their own. */
export function labelOfRow({ body }: LogRow): string | undefined {
  switch (body.kind) {
    case "effect_intent":
      return `intent of ${toolOf(body.effectId)}`;
    case "text_delta":
      return `text of ${modelCallOf(body.effectId)}`;
    case "machine_input":
      return body.input.type === "effect_settled" ? labelOfOutcome(body.input) : undefined;
    default:
      return undefined;
  }
}

type Settled = Extract<
  Extract<LogRow["body"], { kind: "machine_input" }>["input"],
  { type: "effect_settled" }
>;

function labelOfOutcome({ effectId, outcome }: Settled): string | undefined {
  switch (outcome.kind) {
    case "model_call":
      return `outcome of ${modelCallOf(effectId)}`;
    case "await_event":
      return `answer about ${toolOf(effectId)}`;
    case "tool_call": {
      const { status } = outcome.launch;
      if (status === "needs_approval") return `${toolOf(effectId)} needs approval`;
      if (status === "ambiguous") return `nobody knows of ${toolOf(effectId)}`;
      return `outcome of ${toolOf(effectId)}`;
    }
    case "sync_environment":
      return "outcome of environment";
    default:
      return undefined;
  }
}

/** `1.tool_call.2` is the third call of the first answer, `1.tool_call.2/0.wait` belongs to it. */
function toolOf(effectId: EffectId): string {
  return CALLED[Number(/tool_call\.(\d+)/.exec(effectId)?.[1])] ?? "an unknown tool";
}

function modelCallOf(effectId: EffectId): string {
  return `model call ${/^\d+/.exec(effectId)?.[0]}`;
}

export function labelOfRelease(how: Release): string | undefined {
  if (how.type === "park") return "park";
  return how.type === "idle" ? "release" : undefined;
}

export function labelOfWait({ info }: NewAwaitEvent): string | undefined {
  const isApproval = typeof info === "object" && info !== null && "type" in info && info.type === "approval";
  return isApproval ? "the approval's wait" : undefined;
}
