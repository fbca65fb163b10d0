// Traces and metrics of a host
export { observeBacklog } from "./observe-backlog.ts";
export { type OtelObserverOptions, otelObserver } from "./otel-observer.ts";
