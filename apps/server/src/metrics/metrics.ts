import type { SessionCounts } from "@pawl/core/ports";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** What this process counts, and what the store is asked for at each scrape. Names are for ever: people build alerts on them. */
export interface Metrics {
  request(about: {
    readonly method: string;
    readonly route: string;
    readonly status: number;
    readonly ms: number;
  }): void;
  turnEnded(outcome: string): void;
  effectSettled(kind: string, outcome: string): void;
  tokens(direction: "input" | "output", count: number): void;
  /** Nano US dollars. */
  cost(nanoUsd: number): void;
  refused(reason: string): void;
  streams(change: 1 | -1): void;
  /** In the text format of Prometheus. */
  render(): Promise<string>;
  readonly contentType: string;
}

export interface MetricsOptions {
  readonly counts: () => Promise<SessionCounts>;
  /** Open connections to this process. */
  readonly sockets: () => Promise<number>;
}

const NANO = 1e9;
const REQUEST_BUCKETS_S = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];

export function createMetrics({ counts, sockets }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Counter({ name, help, labelNames: [...labelNames], registers });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });

  const turns = counter("pawl_turns_total", "Turns that this process ended, by outcome", ["outcome"]);
  const effects = counter("pawl_effects_total", "Effects that this process recorded", ["kind", "outcome"]);
  const tokens = counter("pawl_model_tokens_total", "Tokens of the turns that this process ended", [
    "direction",
  ]);
  const cost = counter(
    "pawl_model_cost_usd_total",
    "Cost of the turns that this process ended, in US dollars",
  );
  const refused = counter("pawl_http_refused_total", "Requests that were refused by a limit", ["reason"]);
  const requests = new Histogram({
    name: "pawl_http_request_duration_seconds",
    help: "HTTP requests until their answer began",
    labelNames: ["method", "route", "status"],
    buckets: REQUEST_BUCKETS_S,
    registers,
  });
  const streams = gauge("pawl_http_streams", "Event streams and results that are waited for");
  const connections = gauge("pawl_sockets", "Open connections");
  const sessions = gauge("pawl_sessions", "Sessions in the store");
  const openTurns = new Gauge({
    name: "pawl_open_turns",
    help: "Turns in the store that have begun and not ended",
    labelNames: ["state"],
    registers,
  });
  const depth = gauge("pawl_queue_depth", "Inputs that no turn has taken yet");
  const oldest = gauge(
    "pawl_queue_oldest_age_seconds",
    "How long the input that has been due longest has waited",
  );
  const up = gauge("pawl_store_up", "Whether the store answered the scrape");
  collectProcess(registry);

  return {
    request: ({ method, route, status, ms }) =>
      requests.observe({ method, route, status: String(status) }, ms / 1_000),
    turnEnded: (outcome) => turns.inc({ outcome }),
    effectSettled: (kind, outcome) => effects.inc({ kind, outcome }),
    tokens: (direction, count) => tokens.inc({ direction }, count),
    cost: (nanoUsd) => cost.inc(nanoUsd / NANO),
    refused: (reason) => refused.inc({ reason }),
    streams: (change) => streams.inc(change),
    contentType: registry.contentType,
    async render() {
      connections.set(await sockets());
      const found = await counts().catch(() => undefined);
      up.set(found === undefined ? 0 : 1);
      if (found !== undefined) {
        sessions.set(found.sessions);
        openTurns.set({ state: "running" }, found.runningTurns);
        openTurns.set({ state: "waiting" }, found.parkedTurns);
        openTurns.set({ state: "blocked" }, found.blockedTurns);
        depth.set(found.queuedInputs);
        oldest.set(found.oldestDueMs / 1_000);
      }
      return registry.metrics();
    },
  };
}

/** What an operator asks first of any process. The library's own collection reads files at every scrape, and is not needed. */
function collectProcess(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "process_cpu_seconds",
    help: "Processor time since the start",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.set((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "Start, seconds since the epoch",
    registers,
  }).set(Math.round(Date.now() / 1_000 - process.uptime()));
}
