import {
  type EffectId,
  type EffectKind,
  type EffectOutcome,
  isPawlError,
  type Json,
  type LogRow,
  mustMatch,
  standard,
} from "@pawl/core";
import { foldTurn, type TurnRecord } from "@pawl/effects/turn-driver";

/** One effect of a turn, for people: what was asked for, how often it was begun and what came of it. */
export interface TurnEffect {
  readonly effectId: EffectId;
  readonly kind: EffectKind;
  /** The tool's name, for tool calls. */
  readonly tool?: string;
  /** The tool call's arguments. */
  readonly input?: Json;
  /** Performances that were begun, as far as the log knows; 0 for what has not begun. */
  readonly attempts: number;
  /** `pending` has no outcome yet. For the others the class of their outcome, such as `ok`, `tool_use`, `error` or `needs_approval`. */
  readonly outcome: string;
  /** Of a failure or a refusal. */
  readonly code?: string;
  /** In integer nano US dollars, where the price is known. */
  readonly costNanoUsd?: number;
  /** When its outcome was recorded, milliseconds since the epoch. */
  readonly settledAt?: number;
}

/** The effects of a turn in the order in which they were settled, and then those that are outstanding. Pure. */
export function effectsOf(record: TurnRecord): readonly TurnEffect[] {
  const attempts = attemptsOf(record.rows);
  const settled = record.rows.flatMap((row): readonly TurnEffect[] => {
    if (row.body.kind !== "machine_input" || row.body.input.type !== "effect_settled") return [];
    const { effectId, outcome } = row.body.input;
    const begun = Math.max(attempts.get(effectId) ?? 0, wasBegun(outcome) ? 1 : 0);
    const what = factsOfCall(row.body.command);
    return [
      {
        effectId,
        kind: outcome.kind,
        ...what,
        attempts: begun,
        ...classOf(outcome),
        ...costOf(outcome),
        settledAt: row.at,
      },
    ];
  });
  const outstanding = pendingOf(record).map(
    ({ id, command }): TurnEffect => ({
      effectId: id,
      kind: command.kind,
      ...factsOfCall(mustMatch(command)),
      attempts: attempts.get(id) ?? 0,
      outcome: "pending",
    }),
  );
  return [...settled, ...outstanding];
}

/** A turn whose record does not replay has no outstanding effects that could be known; `explain` says that it is blocked. */
function pendingOf({ config, rows }: TurnRecord) {
  try {
    return [...foldTurn({ config, protocol: standard() }, rows).pending.values()];
  } catch (thrown) {
    if (isPawlError(thrown)) return [];
    throw thrown;
  }
}

function attemptsOf(rows: readonly LogRow[]): ReadonlyMap<EffectId, number> {
  const intents = new Map<EffectId, Set<string>>();
  const attempts = new Map<EffectId, number>();
  for (const { body } of rows) {
    if (body.kind === "effect_intent") {
      // An attempt that was too slow to begin says so again: one attempt, two intents.
      const seen = intents.get(body.effectId) ?? new Set();
      intents.set(body.effectId, seen.add(`${body.nonce} ${body.attempt}`));
      attempts.set(body.effectId, Math.max(attempts.get(body.effectId) ?? 0, seen.size));
    }
    if (body.kind === "text_delta" || body.kind === "attempt_reset") {
      attempts.set(body.effectId, Math.max(attempts.get(body.effectId) ?? 0, body.attempt + 1));
    }
  }
  return attempts;
}

/** Codes of outcomes that guards gave: nothing was performed. */
const NOT_BEGUN: ReadonlySet<string> = new Set(["dry_run", "turn_cancelled"]);

function wasBegun(outcome: EffectOutcome): boolean {
  const { outcome: name, code } = classOf(outcome);
  return name !== "needs_approval" && name !== "not_begun" && !NOT_BEGUN.has(code ?? "");
}

function classOf(outcome: EffectOutcome): { readonly outcome: string; readonly code?: string } {
  switch (outcome.kind) {
    case "model_call":
    case "direct_model_call": {
      const { result } = outcome;
      if (result.ok) return { outcome: result.answer.terminalReason };
      const { code, terminalReason } = result.failure;
      return { outcome: terminalReason, ...(code !== undefined && { code }) };
    }
    case "tool_call": {
      if (outcome.launch.status !== "done") return { outcome: outcome.launch.status };
      const { result } = outcome.launch;
      if (result.status === "error") return { outcome: "error", code: result.code };
      if (result.status === "cancelled") return { outcome: "cancelled", code: result.certainty };
      return { outcome: "ok" };
    }
    case "exec_code":
    case "sync_environment":
    case "process":
      return outcome.result.ok ? { outcome: "ok" } : { outcome: "error", code: outcome.result.error.code };
    case "await_event":
      return { outcome: outcome.resolution.status };
    case "peek_await_event":
      return { outcome: outcome.resolution?.status ?? "pending_elsewhere" };
    default:
      return { outcome: "ok" };
  }
}

function costOf(outcome: EffectOutcome): { readonly costNanoUsd?: number } {
  if (outcome.kind !== "model_call" && outcome.kind !== "direct_model_call") return {};
  const usage = outcome.result.ok ? outcome.result.answer.usage : undefined;
  return usage?.costNanoUsd === undefined ? {} : { costNanoUsd: usage.costNanoUsd };
}

function factsOfCall(command: Json | undefined): { readonly tool?: string; readonly input?: Json } {
  if (typeof command !== "object" || command === null || Array.isArray(command)) return {};
  const { kind, name, input } = command as { readonly [member: string]: Json | undefined };
  if (kind !== "tool_call" || typeof name !== "string") return {};
  return { tool: name, ...(input !== undefined && { input }) };
}
