import {
  context,
  type Meter,
  metrics,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import type { HostObserver } from "@pawl/host";
import { createInstruments } from "./instruments.ts";
import { outcomeFacts } from "./outcome-facts.ts";
import { spanFacts } from "./span-facts.ts";
import { contextOf, writeTraceparent } from "./traceparent.ts";

export interface OtelObserverOptions {
  /** Default: the global provider's, named `@pawl/otel`. */
  readonly tracer?: Tracer;
  /** Default: the global provider's, named `@pawl/otel`. */
  readonly meter?: Meter;
}

/**
 * Traces and metrics of a host by the GenAI semantic conventions of OpenTelemetry:
 *
 *     const host = createHost({ store, model, tools, observer: otelObserver() });
 *
 * A turn is one trace, on whatever nodes it runs and however often it waits: the trace of whoever sent it, whose ids are stored with its
 * input; with an idempotency key, or where nobody traces, one whose ids follow from the turn's id, so that sending again is the same. In
 * it are a span for each effect that was performed (`chat <model>`, `execute_tool <tool>`, …), whose events are the attempts that failed,
 * and one for the whole turn (`invoke_agent <agent>`), which is written when it ends. Turns that it hands work to are in the same trace,
 * below the call that did. Spans hold no contents of messages and calls.
 */
export function otelObserver(options: OtelObserverOptions = {}): HostObserver {
  const tracer = options.tracer ?? trace.getTracer("@pawl/otel");
  const instruments = createInstruments(options.meter ?? metrics.getMeter("@pawl/otel"));

  return {
    traceparent({ sessionId, turnId, parent }) {
      const attributes = { "gen_ai.conversation.id": sessionId, "pawl.turn.id": turnId };
      // Where contexts are not passed on by themselves, the turn that hands the work over says where it belongs.
      const active = context.active();
      const below = parent === undefined || trace.getSpan(active) !== undefined ? active : contextOf(parent);
      const span = tracer.startSpan("send turn", { kind: SpanKind.PRODUCER, attributes }, below);
      span.end();
      return writeTraceparent(span.spanContext());
    },

    turnBegins({ lagMs }) {
      instruments.lag.record(lagMs / 1000);
    },

    async effect(effect, perform) {
      const { name, kind, attributes } = spanFacts(effect);
      const parent = contextOf(effect.traceparent);
      const span = tracer.startSpan(name, { kind, attributes }, parent);
      const began = performance.now();
      let attempts = 1;
      const onRetry = (failure?: { readonly code?: string; readonly message: string }) => {
        span.addEvent("attempt failed", {
          "pawl.effect.attempt": attempts,
          ...(failure?.code !== undefined && { "error.type": failure.code }),
          ...(failure !== undefined && { "exception.message": failure.message }),
        });
        attempts += 1;
      };
      const finish = (outcome: string, more: Record<string, string | number | readonly string[]> = {}) => {
        const measured = { "pawl.effect.kind": effect.command.kind, "pawl.effect.outcome": outcome };
        instruments.effects.add(1, measured);
        instruments.duration.record((performance.now() - began) / 1000, measured);
        span.setAttributes({
          "pawl.effect.outcome": outcome,
          ...(attempts > 1 && { "pawl.effect.attempts": attempts }),
          ...(more as Record<string, string>),
        });
        span.end();
      };
      try {
        // What the effect itself traces, such as a request to a provider, is below its span.
        const outcome = await context.with(trace.setSpan(parent, span), () => perform(onRetry));
        const facts = outcomeFacts(outcome);
        if (facts.error !== undefined) {
          span.setStatus({ code: SpanStatusCode.ERROR, message: facts.error.message });
          span.setAttribute("error.type", facts.error.code);
        }
        if (facts.usage !== undefined) instruments.recordUsage(facts.usage, attributes);
        finish(facts.outcome, facts.attributes);
        return outcome;
      } catch (thrown) {
        // A wait that is parked comes out as an exception too, and nothing is wrong with it.
        const parked = thrown instanceof Error && thrown.name === "Parked";
        if (!parked) {
          span.recordException(thrown as Error);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        finish(parked ? "parked" : "aborted");
        throw thrown;
      }
    },

    turnEnded({ sessionId, turnId, traceparent, outcome, usage, acceptedAt }) {
      const attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.conversation.id": sessionId,
        "gen_ai.usage.input_tokens": usage.inputTokens,
        "gen_ai.usage.output_tokens": usage.outputTokens,
        "pawl.turn.id": turnId,
        "pawl.turn.outcome": outcome.status,
        "pawl.model_calls": usage.modelCalls,
        ...(usage.costNanoUsd !== undefined && { "pawl.cost.usd": usage.costNanoUsd / 1e9 }),
      };
      const options_ = { kind: SpanKind.INTERNAL, startTime: acceptedAt, attributes };
      const span = tracer.startSpan("invoke_agent", options_, contextOf(traceparent));
      if (outcome.status === "failed") {
        span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.message });
        span.setAttribute("error.type", outcome.code);
      }
      span.end();
      instruments.turns.add(1, { "pawl.turn.outcome": outcome.status });
      if (usage.costNanoUsd !== undefined) instruments.cost.add(usage.costNanoUsd / 1e9);
    },
  };
}
