import { context, propagation, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { agent, tool } from "@pawl/core";
import { createHost } from "@pawl/host";
import { memoryStore } from "@pawl/store-memory";
import { type ScriptedTurn, scriptedModel } from "@pawl/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { observeBacklog, otelObserver } from "../src/index.ts";

// The real SDK, with everything in memory.
const spans = new InMemorySpanExporter();
const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const tracer = tracers.getTracer("test");
let exported: InMemoryMetricExporter;
let meters: MeterProvider;

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(() => {
  context.disable();
  propagation.disable();
});
const hosts: { stop(options?: { drainMs?: number }): Promise<void> }[] = [];
beforeEach(() => {
  spans.reset();
  exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  meters = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter: exported, exportIntervalMillis: 3_600_000 })],
  });
});
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.stop({ drainMs: 50 });
  await meters.shutdown();
});

const refund = tool({
  description: "Refunds",
  input: z.object({ cents: z.number() }),
  execute: ({ cents }) => {
    // Whatever the tool itself traces belongs below its own span.
    tracer.startSpan("payment request").end();
    if (cents === 13) throw new Error("out of money");
    return cents;
  },
});
function node(store: ReturnType<typeof memoryStore>, script: readonly ScriptedTurn[]) {
  const observer = otelObserver({ tracer, meter: meters.getMeter("test") });
  const host = createHost({
    store,
    model: scriptedModel(script, { id: "acme/large" }),
    tools: { refund },
    approvals: { refund: ({ cents }) => cents > 5000 },
    observer,
  });
  hosts.push(host);
  return host;
}
const REFUND = (cents: number) => ({ tools: [{ name: "refund", input: { cents } }] });
const named = (name: string) => spans.getFinishedSpans().filter((span) => span.name === name);
const only = (name: string): ReadableSpan => {
  const found = named(name);
  expect(found, name).toHaveLength(1);
  return found[0] as ReadableSpan;
};
const ofTurns = () =>
  spans.getFinishedSpans().filter(({ name }) => !["my request", "payment request"].includes(name));
const traces = (all: readonly ReadableSpan[]) => new Set(all.map((span) => span.spanContext().traceId));

async function metric(name: string) {
  await meters.forceFlush();
  const all =
    exported
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  return all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
}

describe("the trace of a turn", () => {
  it("is the sender's, across a wait and another node, with a span for each effect", async () => {
    const store = memoryStore();
    const one = node(store, [REFUND(8000)]);
    const turn = await tracer.startActiveSpan("my request", async (span) => {
      const sent = await one.session("s1").send("Refund 80 EUR");
      span.end();
      return sent;
    });
    const waiting = await turn.result();
    if (waiting.status !== "waiting") throw new Error(`It is ${waiting.status}.`);
    await one.stop({ drainMs: 50 });

    // Another process, which was handed nothing but the store.
    const two = node(store, ["It is done."]);
    await two.waits.answer(waiting.waits[0]?.id ?? "", { decision: "approve" }, { by: "ana" });
    expect(await two.turn(turn.id).result()).toMatchObject({ status: "completed" });

    const mine = only("my request").spanContext();
    expect(traces(ofTurns())).toEqual(new Set([mine.traceId]));
    const sent = only("send turn");
    expect(sent.parentSpanContext?.spanId).toBe(mine.spanId);
    expect(named("chat acme/large")).toHaveLength(2);
    for (const span of [...named("chat acme/large"), only("invoke_agent")])
      expect(span.parentSpanContext?.spanId).toBe(sent.spanContext().spanId);
    expect(named("chat acme/large")[0]?.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "acme",
      "gen_ai.request.model": "large",
      "gen_ai.agent.name": "assistant",
      "gen_ai.conversation.id": "s1",
      "gen_ai.response.finish_reasons": ["tool_use"],
      "pawl.turn.id": turn.id,
    });
    // It waited here, and then nowhere: nothing went wrong.
    expect(named("await_event")[0]).toMatchObject({
      attributes: { "pawl.effect.outcome": "parked" },
      status: { code: SpanStatusCode.UNSET },
      events: [],
    });
    const called = named("execute_tool refund").at(-1) as ReadableSpan;
    expect(called.attributes).toMatchObject({
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "refund",
      "pawl.effect.outcome": "ok",
    });
    expect(only("payment request").parentSpanContext?.spanId).toBe(called.spanContext().spanId);
    expect(only("invoke_agent").attributes).toMatchObject({ "pawl.turn.outcome": "completed" });
    // Contents are nobody's who reads traces.
    const written = JSON.stringify(
      ofTurns().map(({ name, attributes, events }) => [name, attributes, events]),
    );
    expect(written).not.toMatch(/80 EUR|8000|It is done/);
  });

  it("is one for an idempotency key too, and the same request stores the same again, whoever traces it", async () => {
    const store = memoryStore();
    const host = node(store, ["one"]);
    const send = () =>
      tracer.startActiveSpan("my request", async (span) => {
        const sent = await host.session("s1").send("hi", { idempotencyKey: "k" });
        span.end();
        return sent;
      });
    const [first, again] = [await send(), await send()];
    expect(again.id).toBe(first.id);
    await first.result();
    expect(named("my request")).toHaveLength(2);
    expect(traces(ofTurns()).size).toBe(1);
    expect(ofTurns().map(({ name }) => name)).toEqual(
      expect.arrayContaining(["chat acme/large", "invoke_agent"]),
    );
  });

  it("has the turns of other agents below the call that handed over, also after a wait on another node", async () => {
    const store = memoryStore();
    const writer = agent({ name: "writer", description: "Writes" });
    const lead = agent({ name: "lead", delegates: [writer] });
    const parts = (script: readonly ScriptedTurn[]) => {
      const host = createHost({
        store,
        model: scriptedModel(script, { id: "acme/large" }),
        tools: { refund },
        approvals: { refund: () => true },
        agents: [lead, writer],
        observer: otelObserver({ tracer, meter: meters.getMeter("test") }),
      });
      hosts.push(host);
      return host;
    };
    const one = parts([{ tools: [{ name: "ask_writer", input: { task: "Refund" } }] }, REFUND(1)]);
    const turn = await one.session("s1").send("go", { agent: "lead" });
    const waiting = await turn.result();
    if (waiting.status !== "waiting") throw new Error(`It is ${waiting.status}.`);
    await one.stop({ drainMs: 50 });
    const two = parts(["written", "done"]);
    await two.waits.answer(waiting.waits[0]?.id ?? "", { decision: "approve" }, { by: "ana" });
    expect(await two.turn(turn.id).result()).toMatchObject({ status: "completed" });

    expect(traces(ofTurns()).size).toBe(1);
    const handed = named("execute_tool ask_writer")[0] as ReadableSpan;
    const [, sent] = named("send turn");
    expect(sent?.parentSpanContext?.spanId).toBe(handed.spanContext().spanId);
    const [child, parent] = named("invoke_agent");
    expect(child?.parentSpanContext?.spanId).toBe(sent?.spanContext().spanId);
    expect(parent?.attributes["pawl.turn.id"]).toBe(turn.id);
  });

  it("is that of the turn which hands over, where no context is passed on", () => {
    const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const observer = otelObserver({ tracer, meter: meters.getMeter("test") });
    const made = observer.traceparent?.({ sessionId: "s1", turnId: "t1", parent });
    expect(made).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-/);
    expect(only("send turn").parentSpanContext?.spanId).toBe("b7ad6b7169203331");
  });

  it("has one span for a model call, and its attempts as events", async () => {
    const busy = { failure: { message: "overloaded", code: "busy", retryable: true, retryAfterMs: 1 } };
    const host = node(memoryStore(), [busy, "done"]);
    expect(await (await host.session("s1").send("go")).result()).toMatchObject({ status: "completed" });
    const chat = only("chat acme/large");
    expect(chat.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        "attempt failed",
        { "pawl.effect.attempt": 1, "error.type": "busy", "exception.message": "overloaded" },
      ],
    ]);
    expect(chat.attributes).toMatchObject({ "pawl.effect.attempts": 2, "pawl.effect.outcome": "ok" });
  });

  it("says what failed", async () => {
    const host = node(memoryStore(), [REFUND(13), { failure: { message: "overloaded", code: "busy" } }]);
    await (await host.session("s1").send("go")).result();
    expect(only("execute_tool refund").status.code).toBe(SpanStatusCode.ERROR);
    const [, failed] = named("chat acme/large");
    expect(failed?.status).toMatchObject({ code: SpanStatusCode.ERROR, message: "overloaded" });
    expect(failed?.attributes).toMatchObject({ "error.type": "busy" });
    expect(only("invoke_agent").status.code).toBe(SpanStatusCode.ERROR);
  });
});

describe("the metrics of a host", () => {
  it("count effects by kind and outcome, turns, tokens, cost and lag", async () => {
    const usage = { inputTokens: 300, outputTokens: 20, costNanoUsd: 250_000_000 };
    const asks = { ...REFUND(1), usage: { inputTokens: 100, outputTokens: 5 } };
    const host = node(memoryStore(), [asks, { text: "done", usage }]);
    await (await host.session("s1").send("go")).result();
    const effects = await metric("pawl.effects");
    const count = (kind: string, outcome: string) =>
      effects.find(
        ({ attributes }) =>
          attributes["pawl.effect.kind"] === kind && attributes["pawl.effect.outcome"] === outcome,
      )?.value;
    expect(count("model_call", "ok")).toBe(2);
    expect(count("tool_call", "ok")).toBe(1);
    expect((await metric("pawl.turns")).map(({ value }) => value)).toEqual([1]);
    expect((await metric("pawl.turn.lag"))[0]?.value).toMatchObject({ count: 1 });
    const tokens = await metric("gen_ai.client.token.usage");
    expect(tokens.map(({ attributes }) => attributes["gen_ai.token.type"]).sort()).toEqual([
      "input",
      "output",
    ]);
    expect(tokens[0]?.value).toMatchObject({ count: 2 });
    expect(tokens.map(({ value }) => (value as { readonly sum: number }).sum)).toEqual([400, 25]);
    expect((await metric("pawl.cost")).map(({ value }) => value)).toEqual([0.25]);
  });
});

it("the backlog of a host is its depth and its oldest age", async () => {
  const store = memoryStore();
  const host = node(store, []);
  const end = observeBacklog(host, meters.getMeter("test"));
  host.pause();
  await host.session("s1").send("a");
  await host.session("s2").send("b");
  expect((await metric("pawl.queue.depth"))[0]?.value).toBe(2);
  expect((await metric("pawl.queue.oldest_age"))[0]?.value).toBeGreaterThanOrEqual(0);
  end();
});

it("changes nothing where nobody has set up a provider", async () => {
  const store = memoryStore();
  const host = createHost({ store, model: scriptedModel(["plain"]), observer: otelObserver() });
  hosts.push(host);
  expect(trace.getActiveSpan()).toBeUndefined();
  expect(await (await host.session("s1").send("hi")).result()).toMatchObject({ text: "plain" });
  const [input] = await host.session("s1").inputs();
  expect(input?.content.environment).toBeUndefined();
});
