import type { EffectOutcome, LogRow } from "@pawl/core";
import type { Boundary, Store } from "@pawl/core/ports";
import type { Metrics } from "./metrics.ts";

/**
 * The store, with what this process writes to it counted once it is written: what is recorded is what happened, so a replay after a
 * crash counts nothing twice.
 */
export function observeStore<Tx>(store: Store<Tx>, metrics: Metrics): Store<Tx> {
  return {
    ...store,
    log: {
      ...store.log,
      async append(fence, rows) {
        const appended = await store.log.append(fence, rows);
        for (const row of rows) observeRow(row, metrics);
        return appended;
      },
    },
    inbox: {
      ...store.inbox,
      async checkpoint(fence, turnId, row, before = []) {
        const written = await store.inbox.checkpoint(fence, turnId, row, before);
        // What was settled right before a checkpoint is written together with it.
        for (const one of [...before, written.row]) observeRow(one, metrics);
        return written;
      },
    },
    sessions: {
      ...store.sessions,
      async commit(fence, boundary) {
        const result = await store.sessions.commit(fence, boundary);
        if (result.status !== "committed") return result;
        for (const row of boundary.before ?? []) observeRow(row, metrics);
        observeBoundary(boundary, metrics);
        return result;
      },
    },
  };
}

function observeRow({ body }: LogRow, metrics: Metrics): void {
  if (body.kind !== "machine_input" || body.input.type !== "effect_settled") return;
  const { outcome } = body.input;
  metrics.effectSettled(outcome.kind, howItEnded(outcome));
}

function observeBoundary({ outcome, usage }: Boundary, metrics: Metrics): void {
  if (outcome === null) return;
  metrics.turnEnded(outcome.status);
  metrics.tokens("input", usage.inputTokens);
  metrics.tokens("output", usage.outputTokens);
  metrics.cost(usage.costNanoUsd ?? 0);
}

/** A word of a small set, because each is a line in every scrape. */
function howItEnded(outcome: EffectOutcome): string {
  switch (outcome.kind) {
    case "tool_call":
      return outcome.launch.status === "done" ? outcome.launch.result.status : outcome.launch.status;
    case "await_event":
      return outcome.resolution.status;
    case "peek_await_event":
      return outcome.resolution?.status ?? "none";
    case "model_call":
    case "direct_model_call":
    case "exec_code":
    case "sync_environment":
    case "process":
      return outcome.result.ok ? "ok" : "error";
    default:
      return "ok";
  }
}
