import type { Json } from "@pawl/core";
import {
  type WireEvent,
  type WireTurnResult,
  type WireUsage,
  type WireWait,
  waitReasonSchema,
} from "@pawl/http";
import { oneLine, printable } from "./printable.ts";

const MAX_INPUT = 200;
const MAX_OUTPUT = 1_000;

/** A tool's input or output in one line: text as it is, anything else as JSON. */
export function showInput(input: Json): string {
  return oneLine(JSON.stringify(input), MAX_INPUT);
}

/** A tool's output, bounded; its further lines are set under the first. */
export function showOutput(output: Json): string {
  const text = printable(typeof output === "string" ? output : JSON.stringify(output)).trimEnd();
  const bounded =
    text.length <= MAX_OUTPUT
      ? text
      : `${text.slice(0, MAX_OUTPUT)}… (${text.length - MAX_OUTPUT} more characters; --json shows all)`;
  return bounded.replaceAll("\n", "\n  ");
}

type ToolResult = Extract<WireEvent, { type: "tool.finished" }>["result"];
type Wait = Extract<WireTurnResult, { status: "waiting" }>["waits"][number];

export function showToolResult(result: ToolResult): string {
  if (result.status === "ok") return showOutput(result.output);
  if (result.status === "error") return `failed (${result.code}): ${showOutput(result.message)}`;
  const certainty: Readonly<Record<string, string>> = {
    before_start: "cancelled before it began",
    confirmed: "cancelled",
    outcome_unknown: "cancelled; nobody knows whether it happened",
  };
  return certainty[result.certainty] ?? `cancelled (${result.certainty})`;
}

/** Why a turn waits; undefined for a wait that is none of a turn's. */
export function reasonOf({ reason }: Pick<WireWait, "reason">): Wait["reason"] | undefined {
  const checked = waitReasonSchema.safeParse(reason);
  return checked.success ? checked.data : undefined;
}

export function showReason(wait: Pick<WireWait, "reason">): string {
  const reason = reasonOf(wait);
  return reason === undefined ? oneLine(JSON.stringify(wait.reason), MAX_INPUT) : showWait({ reason });
}

export function showWait({ reason }: Pick<Wait, "reason">): string {
  switch (reason.type) {
    case "did_it_happen":
      return `${reason.tool} ${showInput(reason.input)} was begun and its end is not known: did it happen?${showLeft(reason.left)}`;
    case "approval":
      return `${reason.tool} ${showInput(reason.input)} needs somebody's approval`;
    case "tool_pending":
      return `${reason.tool} answers later`;
    case "budget":
      return `the limit of ${reason.limit} is reached`;
    case "agent":
      return `agent "${oneLine(reason.agent, 100)}" works on it (turn ${reason.turn_id})`;
    case "custom":
      return oneLine(reason.text, MAX_INPUT);
  }
}

function showLeft(left = 0): string {
  return left === 0 ? "" : ` If so, what it left in the outbox goes out (${left}).`;
}

export function showUsage(usage: WireUsage): string {
  const tokens = `${usage.input_tokens.toLocaleString("en")} tokens in, ${usage.output_tokens.toLocaleString("en")} out`;
  return usage.cost_nano_usd === undefined || usage.cost_nano_usd === 0
    ? tokens
    : `${tokens}, $${showDollars(usage.cost_nano_usd)}`;
}

/** Money, from integer nano US dollars. */
export function showCost(nano: number): string {
  return nano === 0 ? "$0" : `$${showDollars(nano)}`;
}

/** Enough digits to be more than zero. */
function showDollars(nano: number): string {
  const dollars = nano / 1e9;
  return dollars >= 0.01 ? dollars.toFixed(2) : dollars.toPrecision(2).replace(/e.*/, "");
}

export function showDuration(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
