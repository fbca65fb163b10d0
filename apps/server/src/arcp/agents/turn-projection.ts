import { isWireErrorCode, type WireErrorCode } from "@pawl/arcp-protocol";
import type { ToolOutcome, TurnEvent } from "@pawl/core";

/** An event of a job, and the state of the job that goes with it. */
export interface ProjectedEvent {
  readonly kind: "status" | "thought" | "tool_call" | "tool_result" | "metric";
  readonly body: Record<string, unknown>;
  readonly state?: "running" | "blocked";
}

type Call = Extract<TurnEvent, { type: "model.answered" }>["toolCalls"][number];

const NANO_USD_PER_USD = 1_000_000_000;

/**
 * What a turn's events are on the wire. The same events give the same projection, so that one that is begun again after a
 * restart goes on exactly where the last stored event came from. Text that is still being written is not among it: the
 * transcript is what was answered.
 */
export class TurnProjection {
  /** Calls of the newest answer, in its order. */
  #calls: readonly Call[] = [];
  readonly #announced = new Set<string>();

  project(event: TurnEvent): readonly ProjectedEvent[] {
    switch (event.type) {
      case "turn.started":
        return [status("started", `turn ${event.turnId}`)];
      case "model.answered":
        return this.#answered(event);
      case "model.failed":
        return [status("model_failed", event.message)];
      case "tool.started":
        return this.#announce(event.effectId);
      case "tool.finished":
        return this.#finished(event.effectId, event.name, event.result);
      case "tool.refused":
        return [refused(event.callId, "INVALID_REQUEST", `${event.code}: ${event.message}`)];
      case "tool.ambiguous":
        return [status("ambiguous", `nobody knows whether ${event.name} did its work`)];
      case "limit.reached":
        return [status("limit_reached", event.limit)];
      case "wait.opened":
        return [{ ...status("waiting", event.reason.type.replaceAll("_", " ")), state: "blocked" }];
      case "wait.settled":
        return [{ ...status("resumed", event.resolution), state: "running" }];
      case "turn.cancelling":
        return [status("cancelling")];
      default:
        return [];
    }
  }

  #answered({ toolCalls, text, usage, model }: Extract<TurnEvent, { type: "model.answered" }>) {
    this.#calls = toolCalls;
    const { costNanoUsd = 0, inputTokens, outputTokens } = usage;
    const dimensions = { model };
    const metric = (name: string, value: number, unit: string): ProjectedEvent => ({
      kind: "metric",
      body: { name, value, unit, dimensions },
    });
    return [
      ...(toolCalls.length > 0 && text.trim() !== "" ? [{ kind: "thought" as const, body: { text } }] : []),
      metric("tokens.input", inputTokens, "tokens"),
      metric("tokens.output", outputTokens, "tokens"),
      ...(costNanoUsd > 0 ? [metric("cost.model", costNanoUsd / NANO_USD_PER_USD, "USD")] : []),
    ];
  }

  #finished(effectId: string, name: string, result: ToolOutcome): readonly ProjectedEvent[] {
    // What the lease refused was never begun: a result and no call.
    if (result.status === "error" && LEASE_REFUSALS.has(result.code)) {
      return [refused(effectId, result.code as WireErrorCode, result.message)];
    }
    return [...this.#announce(effectId, name), { kind: "tool_result", body: resultOf(effectId, result) }];
  }

  #announce(effectId: string, known?: string): readonly ProjectedEvent[] {
    if (this.#announced.has(effectId)) return [];
    const call = this.#callOf(effectId, known);
    const tool = known ?? call?.name;
    if (tool === undefined) return [];
    this.#announced.add(effectId);
    return [{ kind: "tool_call", body: { tool, args: call?.input ?? null, call_id: effectId } }];
  }

  /** Effects of one answer are numbered as its calls are. */
  #callOf(effectId: string, name: string | undefined): Call | undefined {
    const index = Number(/\.tool_call\.(\d+)/.exec(effectId)?.[1] ?? Number.NaN);
    const call = this.#calls[index];
    if (call !== undefined && (name === undefined || call.name === name)) return call;
    return this.#calls.find((other) => other.name === name);
  }
}

const LEASE_REFUSALS: ReadonlySet<string> = new Set<WireErrorCode>([
  "PERMISSION_DENIED",
  "BUDGET_EXHAUSTED",
  "LEASE_EXPIRED",
]);

function status(phase: string, message?: string): ProjectedEvent {
  return { kind: "status", body: message === undefined ? { phase } : { phase, message } };
}

function refused(call_id: string, code: WireErrorCode, message: string): ProjectedEvent {
  return { kind: "tool_result", body: { call_id, error: { code, message, retryable: false } } };
}

function resultOf(call_id: string, result: ToolOutcome): Record<string, unknown> {
  if (result.status === "ok") return { call_id, result: result.output };
  if (result.status === "cancelled") {
    const message = `the call was cancelled: ${result.certainty.replaceAll("_", " ")}`;
    return { call_id, error: { code: "CANCELLED", message, retryable: false } };
  }
  // The wire has fifteen codes; what the tool itself said is in the message.
  const known = isWireErrorCode(result.code);
  const code = known ? result.code : "INTERNAL_ERROR";
  const message = known ? result.message : `${result.code}: ${result.message}`;
  return {
    call_id,
    error: { code, message: message || "the tool failed", retryable: code === "INTERNAL_ERROR" },
  };
}
